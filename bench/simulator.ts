// Meta as a process of its own for the bench: the simulator, and what reached it with the time at which it did.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { startSimulator } from '../simulator/start.ts'
import { APP_SECRET } from './bodies.ts'
import { SIMULATED_NUMBER, SIMULATOR_TOKEN } from './box.ts'

export interface Posted {
  readonly at: number
  readonly text: string | null
}

const { BENCH_WEBHOOK_URL: webhookUrl, BENCH_SIMULATOR_PORT: port, BENCH_CONTROL_PORT: controlPort } = process.env
const simulator = await startSimulator({
  port: Number(port),
  webhookUrl: webhookUrl ?? null,
  appSecret: APP_SECRET,
  token: SIMULATOR_TOKEN,
  numbers: [SIMULATED_NUMBER],
})

/** Each of these clients writes its first message: only then does Meta let the company write to it. */
const writersSchema = z.array(z.object({ phone: z.string(), bsuid: z.string(), name: z.string() }))
export type Writer = z.output<typeof writersSchema>[number]

createServer(async (request, response) => {
  if (request.method === 'POST') {
    for (const who of writersSchema.parse(await json(request))) await simulator.phone.client(who).writes('Hello')
    await simulator.idle(60_000)
    response.end()
    return
  }
  const posted = simulator.truth.posts().map(({ at, body }): Posted => ({ at, text: textOf(body) }))
  response.setHeader('content-type', 'application/json').end(JSON.stringify(posted))
}).listen(Number(controlPort), '127.0.0.1')

process.on('SIGTERM', () => void simulator.close().finally(() => process.exit(0)))

function textOf(body: unknown): string | null {
  const { text } = body as { text?: { body?: string } }
  return text?.body ?? null
}
