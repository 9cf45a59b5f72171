// `npm start`: everything that Parley needs, on this machine, from one command. It reads from top to bottom: the folder,
// the servers, the database, the services, what a person needs to know; then it waits, and stops all of it in order.
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { setInterval } from 'node:timers'
import { connect } from '../src/db/database.ts'
import { migrateToLatest } from '../src/db/migrate.ts'
import { isCurrent } from './artifact.ts'
import { workflowBundle } from './bundle.ts'
import { type DataFolder, type Kept, makePassword, openDataFolder, readKept, writeKept } from './data-folder.ts'
import { type Asked, checkPort, readAsked } from './environment.ts'
import { Family } from './family.ts'
import { Keeper } from './keeper.ts'
import { logTail } from './log-tail.ts'
import { checkDatabase, checkTemporal } from './outside.ts'
import { freePort, isFree } from './ports.ts'
import { ensureDatabase, startPostgres } from './postgres.ts'
import { messageOf, Problem } from './problem.ts'
import { changeDemoPassword, DEMO_ACCOUNTS, DEMO_NUMBER, DEMO_TOKEN, seedDemo } from './seed.ts'
import { answersOk, isPolled, startService } from './services.ts'
import { startTemporal } from './temporal.ts'
import { consoleApp, phonePage } from './web.ts'

const SIMULATOR_BESIDE = 10
const HIGHEST_PORT = 65_535
/** A signal so soon after the first one is the same Ctrl-C: npm, which hears it too, hands it on. */
const SAME_SIGNAL_MS = 1_000
const began = Date.now()
// Written at once, so that no line is lost when the process ends right after it.
const say = (line: string) => void writeSync(1, `${line}\n`)
const complain = (line: string) => void writeSync(2, `${line}\n`)

class Launcher {
  readonly #asked: Asked
  readonly #folder: DataFolder
  readonly #family: Family
  readonly #keeper: Keeper
  #ending = false

  constructor(asked: Asked) {
    this.#asked = asked
    this.#folder = openDataFolder(asked.dataDir)
    this.#family = new Family(this.#folder.path)
    this.#keeper = new Keeper(say, (sentence) => {
      complain(sentence)
      void this.end(1)
    })
    this.#listen()
  }

  async start(): Promise<void> {
    await this.#family.adoptAndEnd()
    await checkPort(this.#asked)
    const kept = readKept(this.#folder)
    const [databaseUrl, temporalAddress] = await Promise.all([this.#database(), this.#temporal(), this.#build()])
    const password = await this.#prepare(databaseUrl, kept)
    const phoneUrl = await this.#services({ databaseUrl, temporalAddress, kept })
    this.#tell(phoneUrl, password)
  }

  async end(code: number): Promise<void> {
    if (this.#ending) {
      this.#family.killAll()
      process.exit(code || 1)
    }
    this.#ending = true
    this.#keeper.stop()
    await this.#family.stopAll()
    this.#folder.lock.release()
    process.exit(code)
  }

  get isEnding(): boolean {
    return this.#ending
  }

  #listen(): void {
    let first: number | null = null
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        first ??= performance.now()
        if (this.#ending && performance.now() - first < SAME_SIGNAL_MS) return
        say('Stopping')
        void this.end(0)
      })
    }
    // npm may be killed without a word to those it has started.
    const parent = process.ppid
    if (process.env.npm_lifecycle_event === undefined) return
    setInterval(() => {
      if (process.ppid !== parent && !this.#ending) void this.end(1)
    }, 500).unref()
  }

  async #build(): Promise<void> {
    const stale = [workflowBundle, consoleApp, phonePage].filter((artifact) => !isCurrent(artifact))
    if (stale.length === 0) return
    const names = stale.map(({ name }) => name)
    say(`Building ${names.map((name) => `dist/${name}`).join(', ')}`)
    const log = join(this.#folder.logs, 'build.log')
    const make = join(import.meta.dirname, 'make.ts')
    const child = await this.#family.spawn('The build', process.execPath, [make, ...names], { log, layer: 'service' })
    const { code } = await child.exited
    if (code !== 0)
      throw new Problem(`${names.join(', ')} could not be built: ${logTail(log)}\nThe whole log is ${log}`)
  }

  async #database(): Promise<string> {
    const given = this.#asked.databaseUrl
    if (given !== null) {
      await checkDatabase(given)
      return given
    }
    say('Starting PostgreSQL')
    const options = { family: this.#family, folder: join(this.#folder.path, 'postgres'), say }
    const first = await startPostgres(options)
    const again = async () => (await startPostgres({ ...options, port: first.port })).child
    this.#keeper.keep({ name: 'PostgreSQL', log: first.log, start: again }, first.child)
    return ensureDatabase(first, 'parley')
  }

  async #temporal(): Promise<string> {
    const { temporalAddress: given, temporalNamespace: namespace } = this.#asked
    if (given !== null) {
      await checkTemporal(given, namespace)
      return given
    }
    say('Starting Temporal')
    const options = { family: this.#family, folder: join(this.#folder.path, 'temporal'), namespace, say }
    const first = await startTemporal(options)
    const again = async () => (await startTemporal({ ...options, port: first.port })).child
    this.#keeper.keep({ name: 'Temporal', log: first.log, start: again }, first.child)
    return first.address
  }

  /** The newest schema, and the demo where nobody is there yet. The password of the demo's accounts, where it is known. */
  async #prepare(databaseUrl: string, kept: Kept): Promise<string | null> {
    const { db, close } = connect(databaseUrl, 2)
    try {
      await migrateToLatest(db)
      const password = this.#asked.demoPassword ?? kept.demoPassword ?? makePassword()
      const secretKey = process.env.SECRET_KEY || kept.secretKey
      if (await seedDemo(db, { password, secretKey, at: new Date() })) {
        writeKept(this.#folder, { ...kept, demoPassword: password })
        return password
      }
      if (kept.demoPassword !== null && password !== kept.demoPassword) {
        await changeDemoPassword(db, kept.demoPassword, password)
        writeKept(this.#folder, { ...kept, demoPassword: password })
      }
      return kept.demoPassword === null ? null : password
    } catch (error) {
      throw error instanceof Problem ? error : new Problem(`The database could not be prepared: ${messageOf(error)}`)
    } finally {
      await close()
    }
  }

  /** The address of the phone page. */
  async #services(known: { databaseUrl: string; temporalAddress: string; kept: Kept }): Promise<string> {
    const { port, host, temporalNamespace, taskQueue } = this.#asked
    const { kept, temporalAddress } = known
    const apiUrl = `http://${host.includes(':') ? `[${host}]` : host.replace(/^0\.0\.0\.0$/, '127.0.0.1')}:${port}`
    // The same at every start where it can be had: a phone page that is open finds its simulator again.
    const usual = port + SIMULATOR_BESIDE
    const simulatorPort = usual <= HIGHEST_PORT && (await isFree(usual)) ? usual : await freePort()
    const simulatorUrl = `http://127.0.0.1:${simulatorPort}`
    const env = {
      SECRET_KEY: kept.secretKey,
      WHATSAPP_APP_SECRET: kept.appSecret,
      WHATSAPP_VERIFY_TOKEN: kept.verifyToken,
      ...withoutEmpty(process.env),
      DATABASE_URL: known.databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: temporalNamespace,
      TEMPORAL_TASK_QUEUE: taskQueue,
      SIMULATOR_URL: simulatorUrl,
      DATA_DIR: this.#folder.path,
      PORT: String(port),
      HOST: host,
    }
    const started = Date.now()
    const services = [
      { name: 'The API', main: 'src/api/main.ts', file: 'api', env, isReady: () => answersOk(`${apiUrl}/readyz`) },
      {
        name: 'The worker',
        main: 'src/worker.ts',
        file: 'worker',
        env,
        isReady: () => isPolled(temporalAddress, temporalNamespace, taskQueue, started),
      },
      {
        name: 'The simulator',
        main: 'simulator/main.ts',
        file: 'simulator',
        env: {
          ...env,
          SIMULATOR_PORT: String(simulatorPort),
          SIMULATOR_TOKEN: DEMO_TOKEN,
          SIMULATOR_NUMBERS: JSON.stringify([DEMO_NUMBER]),
          SIMULATOR_DATA: join(this.#folder.path, 'simulator'),
          WEBHOOK_URL: `${apiUrl}/webhooks/whatsapp`,
        },
        isReady: () => answersOk(`${simulatorUrl}/phone/`),
      },
    ]
    say('Starting the API, the worker and the simulator')
    await Promise.all(
      services.map(async ({ file, ...service }) => {
        const log = join(this.#folder.logs, `${file}.log`)
        const start = () => startService({ family: this.#family, log, ...service })
        this.#keeper.keep({ name: service.name, log, start }, await start())
      }),
    )
    return simulatorUrl
  }

  #tell(phoneUrl: string, password: string | null): void {
    const { port } = this.#asked
    const base = `http://localhost:${port}`
    say(`
Parley is ready, after ${((Date.now() - began) / 1000).toFixed(1)} s.

  Console      ${base}/
  Phone page   ${phoneUrl}/phone/   (write to ${DEMO_NUMBER.displayPhoneNumber} as any client)
  API          ${base}/docs
  Logs         ${this.#folder.logs}
`)
    if (password !== null) {
      say('  Sign in as')
      for (const { email, role } of DEMO_ACCOUNTS) say(`    ${email.padEnd(20)} ${role}`)
      say(`  Password     ${password}\n`)
    }
    say('Ctrl-C stops everything; the next start finds it as it was.')
  }
}

const withoutEmpty = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))

let launcher: Launcher | null = null
try {
  launcher = new Launcher(readAsked(process.env))
  await launcher.start()
} catch (error) {
  // What fails because everything is being stopped is no news.
  if (!launcher?.isEnding) {
    complain(
      error instanceof Problem
        ? error.message
        : `Parley could not start: ${error instanceof Error ? error.stack : String(error)}`,
    )
    if (launcher) await launcher.end(1)
    process.exitCode = 1
  }
}
