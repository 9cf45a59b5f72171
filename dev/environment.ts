// What the launcher reads from the environment, at every start; the services judge the rest for themselves.
import { isFree } from './ports.ts'
import { Problem } from './problem.ts'

export interface Asked {
  readonly port: number
  /** Only this machine, unless somebody asks for more: the demo's password is on the screen. */
  readonly host: string
  readonly dataDir: string
  readonly databaseUrl: string | null
  readonly temporalAddress: string | null
  readonly temporalNamespace: string
  readonly taskQueue: string
  readonly demoPassword: string | null
}

export function readAsked(env: NodeJS.ProcessEnv): Asked {
  const given = (name: string): string | null => env[name]?.trim() || null
  const port = given('PORT') ?? '8080'
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw new Problem(`PORT is not a number from 1 to 65535: correct it, or leave it out for 8080.`)
  }
  return {
    port: Number(port),
    host: given('HOST') ?? '127.0.0.1',
    dataDir: given('DATA_DIR') ?? '.data',
    databaseUrl: given('DATABASE_URL'),
    temporalAddress: given('TEMPORAL_ADDRESS'),
    temporalNamespace: given('TEMPORAL_NAMESPACE') ?? 'default',
    taskQueue: given('TEMPORAL_TASK_QUEUE') ?? 'parley',
    demoPassword: given('DEMO_PASSWORD'),
  }
}

export async function checkPort({ port, host }: Asked): Promise<void> {
  if (await isFree(port, host)) return
  throw new Problem(
    `Port ${port} cannot be had, most likely because another program listens there: stop that program, or choose another port, like PORT=${port === 65_535 ? 8081 : port + 1} npm start.`,
  )
}
