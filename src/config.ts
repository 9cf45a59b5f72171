// The environment, read and judged once at the start. Whatever is missing or wrong is told in one sentence each, all
// at once, so that nobody has to start five times to find five mistakes.
import { z } from 'zod'

export interface WorkerConfig {
  readonly databaseUrl: string
  readonly temporalAddress: string
  readonly temporalNamespace: string
  readonly taskQueue: string
  /** Where set, serves all channels instead of Meta. */
  readonly graphApiUrl: string | null
  /** The simulator that the launcher started; serves the channels that are marked as simulated. */
  readonly simulatorUrl: string | null
  readonly graphApiVersion: string
  /** Seals what is secret in the database. */
  readonly secretKey: string
}

export interface Config extends WorkerConfig {
  readonly host: string
  readonly port: number
  /** Without a trailing slash. */
  readonly publicUrl: string | null
  /** Which proxies may say who the client is: false, a number of hops, or their addresses. */
  readonly trustProxy: boolean | number | string
  /** Any one of them may have signed a webhook; with none, every webhook is refused. */
  readonly appSecrets: readonly string[]
  readonly verifyToken: string
  readonly dataDir: string
}

export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

type Env = Readonly<Record<string, string | undefined>>

const SECRET_KEY_CHARS = 32

const missing = (what: string) => ({
  error: (issue: { readonly input?: unknown }) => (issue.input === undefined ? `is missing: ${what}` : undefined),
})

const url = (protocols: RegExp, what: string) =>
  z
    .string(missing(what))
    .refine((text) => URL.canParse(text) && protocols.test(new URL(text).protocol), `must be ${what}`)

const webAddress = url(/^https?:$/, 'a web address like https://parley.example.com').transform((text) =>
  text.replace(/\/+$/, ''),
)

const origin = webAddress.refine(
  (text) => URL.canParse(text) && new URL(text).origin === text,
  'must be scheme, host and port alone, like https://parley.example.com',
)

const number = (from: number, to: number) =>
  z
    .string()
    .refine(
      (text) => /^\d+$/.test(text) && Number(text) >= from && Number(text) <= to,
      `must be a number from ${from} to ${to}`,
    )
    .transform(Number)

/** `true` would let any client name its own address, so proxies are counted or named. */
const trustProxy = z.string().transform((text): boolean | number | string => {
  if (/^(false|no|0)$/i.test(text)) return false
  if (/^(true|yes)$/i.test(text)) return 1
  return /^\d+$/.test(text) ? Number(text) : text
})

const list = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

const worker = {
  DATABASE_URL: url(
    /^postgres(ql)?:$/,
    'the address of a PostgreSQL database, like postgres://user:password@host:5432/parley',
  ),
  TEMPORAL_ADDRESS: z
    .string(missing('host and port of the Temporal server, like localhost:7233'))
    .regex(/^[^\s/]+:\d+$/, 'must be host and port of the Temporal server, like localhost:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_TASK_QUEUE: z.string().default('parley'),
  GRAPH_API_URL: webAddress.optional(),
  SIMULATOR_URL: webAddress.optional(),
  GRAPH_API_VERSION: z
    .string()
    .regex(/^v\d+\.\d+$/, 'must be a version like v25.0')
    .default('v25.0'),
  SECRET_KEY: z
    .string(missing(`a secret of at least ${SECRET_KEY_CHARS} characters that seals access tokens in the database`))
    .min(SECRET_KEY_CHARS, `must have at least ${SECRET_KEY_CHARS} characters`),
}

const workerEnv = z.object(worker)

const serviceEnv = z.object({
  ...worker,
  HOST: z.string().default('0.0.0.0'),
  PORT: number(0, 65_535).default(8080),
  PUBLIC_URL: origin.optional(),
  TRUST_PROXY: trustProxy.default(false),
  WHATSAPP_APP_SECRET: z
    .string(missing('the app secret that Meta signs webhooks with; several are separated by commas'))
    .transform(list)
    .refine((secrets) => secrets.length > 0, 'must name at least one secret'),
  WHATSAPP_VERIFY_TOKEN: z.string(missing('the token that Meta shows when it verifies the webhook')),
  DATA_DIR: z.string().default('.data'),
})

const workerConfig = (env: z.output<typeof workerEnv>): WorkerConfig => ({
  databaseUrl: env.DATABASE_URL,
  temporalAddress: env.TEMPORAL_ADDRESS,
  temporalNamespace: env.TEMPORAL_NAMESPACE,
  taskQueue: env.TEMPORAL_TASK_QUEUE,
  graphApiUrl: env.GRAPH_API_URL ?? null,
  simulatorUrl: env.SIMULATOR_URL ?? null,
  graphApiVersion: env.GRAPH_API_VERSION,
  secretKey: env.SECRET_KEY,
})

export function readWorkerConfig(env: Env): WorkerConfig {
  return workerConfig(parse(workerEnv, env))
}

export function readConfig(env: Env): Config {
  const known = parse(serviceEnv, env)
  return {
    ...workerConfig(known),
    host: known.HOST,
    port: known.PORT,
    publicUrl: known.PUBLIC_URL ?? null,
    trustProxy: known.TRUST_PROXY,
    appSecrets: known.WHATSAPP_APP_SECRET,
    verifyToken: known.WHATSAPP_VERIFY_TOKEN,
    dataDir: known.DATA_DIR,
  }
}

/** An empty variable is one that is not set. The value is never told: it may be a secret. */
function parse<S extends z.ZodType>(schema: S, env: Env): z.output<S> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const firstOfEach = new Map<string, string>()
  for (const issue of parsed.error.issues) {
    const name = issue.path.join('.')
    if (!firstOfEach.has(name)) firstOfEach.set(name, `${name} ${issue.message}.`)
  }
  throw new ConfigError([...firstOfEach.values()])
}
