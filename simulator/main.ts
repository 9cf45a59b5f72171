// `npm run simulator`: Meta on this machine, alone. Everything is set by environment; what is absent is made and printed.
import { randomBytes } from 'node:crypto'
import closeWithGrace from 'close-with-grace'
import { z } from 'zod'
import { DEMO_NUMBER, startSimulator } from './start.ts'

const SUBSCRIBE_AGAIN_MS = 2_000
const numberSchema = z.object({
  phoneNumberId: z.string().regex(/^\d+$/),
  wabaId: z.string().regex(/^\d+$/),
  displayPhoneNumber: z.string().min(4),
  verifiedName: z.string().default('Company'),
})
const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue({ code: 'custom', message: 'is no JSON' })
    return z.NEVER
  }
})
const environment = z.object({
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(8090),
  SIMULATOR_HOST: z.string().default('127.0.0.1'),
  SIMULATOR_NUMBERS: json.pipe(z.array(numberSchema).min(1)).optional(),
  SIMULATOR_TOKEN: z.string().min(1).optional(),
  SIMULATOR_DATA: z.string().min(1).optional(),
  WEBHOOK_URL: z.url().optional(),
  WHATSAPP_APP_SECRET: z.string().min(1).optional(),
  WHATSAPP_VERIFY_TOKEN: z.string().min(1).optional(),
})

async function main(): Promise<void> {
  const env = environment.safeParse(process.env)
  if (!env.success) {
    const [issue] = env.error.issues
    throw new Error(`${issue?.path[0]?.toString() ?? 'The environment'} ${issue?.message ?? 'is invalid'}`)
  }
  const given = env.data
  // Several secrets may be accepted by the other side while they are changed; Meta signs with one.
  const appSecret = given.WHATSAPP_APP_SECRET?.split(',')[0]?.trim()
  const simulator = await startSimulator({
    port: given.SIMULATOR_PORT,
    host: given.SIMULATOR_HOST,
    webhookUrl: null,
    appSecret,
    token: given.SIMULATOR_TOKEN,
    numbers: given.SIMULATOR_NUMBERS ?? [DEMO_NUMBER],
    dataDir: given.SIMULATOR_DATA,
  })
  const verifyToken = given.WHATSAPP_VERIFY_TOKEN ?? randomBytes(12).toString('base64url')
  let subscribing: NodeJS.Timeout | null = null
  closeWithGrace({ delay: 2_000 }, async () => {
    if (subscribing) clearTimeout(subscribing)
    await simulator.close()
  })
  const { url, numbers } = simulator
  console.log(`Phone page    ${url}/phone/
Graph API     ${url}
Numbers       ${numbers.map((one) => `${one.displayPhoneNumber} (id ${one.phoneNumberId}, account ${one.wabaId})`).join(', ')}
Access token  ${simulator.token}`)
  if (appSecret === undefined) console.log(`App secret    ${simulator.appSecret}`)
  if (given.WHATSAPP_VERIFY_TOKEN === undefined) console.log(`Verify token  ${verifyToken}`)
  if (given.WEBHOOK_URL === undefined) {
    console.log('Webhooks      wait: set WEBHOOK_URL, or subscribe at POST /simulator/subscribe {url, verifyToken}')
    return
  }
  const callback = given.WEBHOOK_URL
  let told = ''
  const subscribe = async (): Promise<void> => {
    const { verified, why } = await simulator.subscribe(callback, verifyToken)
    if (verified) return console.log(`Webhooks      ${callback} (verified)`)
    if (why !== told) console.log(`Webhooks      ${callback} not verified yet: ${why}; trying again`)
    told = why ?? ''
    subscribing = setTimeout(() => void subscribe(), SUBSCRIBE_AGAIN_MS)
  }
  await subscribe()
}

main().catch((error: unknown) => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const text = error instanceof Error ? error.message : String(error)
  console.error(
    code === 'EADDRINUSE'
      ? 'The port of the simulator is taken: set SIMULATOR_PORT to another one.'
      : `The simulator did not start: ${text}`,
  )
  process.exit(1)
})
