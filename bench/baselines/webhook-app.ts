// What the three webhook baselines have in common: a bare Fastify that checks the signature over the raw bytes, parses
// them, and answers 200 when the body is kept.
import { createHmac, timingSafeEqual } from 'node:crypto'
import Fastify from 'fastify'

export interface Received {
  readonly wamid: string
  readonly body: Buffer
}

export async function serve(keep: (received: Received) => Promise<void> | void): Promise<void> {
  const secret = process.env.WHATSAPP_APP_SECRET ?? ''
  const app = Fastify({ bodyLimit: 4 * 1024 * 1024 })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.get('/readyz', async () => 'ok')
  app.post<{ Body: Buffer }>('/webhooks/whatsapp', async (request, reply) => {
    const { body } = request
    const given = request.headers['x-hub-signature-256']
    const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
    const signature = Buffer.from(typeof given === 'string' ? given : '')
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return reply.code(401).send()
    const wamid = wamidOf(JSON.parse(body.toString()))
    if (wamid === null) return reply.code(400).send()
    await keep({ wamid, body })
    return reply.code(200).send()
  })
  await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
  process.on('SIGTERM', () => process.exit(0))
}

interface Envelope {
  readonly entry?: readonly { changes?: readonly { value?: { messages?: readonly { id?: string }[] } }[] }[]
}

const wamidOf = (envelope: Envelope): string | null =>
  envelope.entry?.[0]?.changes?.[0]?.value?.messages?.[0]?.id ?? null
