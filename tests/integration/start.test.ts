// `npm start` where it cannot start: one sentence on what to do, exit code 1, nothing left running.
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { isRunning } from '../../dev/identity.ts'
import { tryLock } from '../../dev/lock.ts'
import { freePort } from '../../dev/ports.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-start-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly sentences: string
}

async function start(env: Record<string, string>): Promise<Ended> {
  const all = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATA_DIR: folder,
    PORT: String(await freePort()),
    ...env,
  }
  return new Promise((resolve) => {
    execFile(process.execPath, ['dev/run.js', 'start'], { env: all, timeout: 45_000 }, (error, _out, sentences) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, sentences: sentences.trim() })
    })
  })
}

/** Whom the launcher has written down as its children, and who still lives. */
const left = () =>
  (JSON.parse(readFileSync(join(folder, 'children.json'), 'utf8')) as Parameters<typeof isRunning>[0][]).filter(
    isRunning,
  )

it('refuses a data folder that another launcher holds', async () => {
  const lock = tryLock(join(folder, 'lock'))
  const { code, sentences } = await start({})
  lock?.release()
  expect(code).toBe(1)
  expect(sentences).toBe(
    `Parley already runs on the data folder ${folder}: stop it first, or choose another folder with DATA_DIR.`,
  )
})

it('refuses a port that is taken, and names another', async () => {
  const port = await freePort()
  const server = createServer().listen(port, '127.0.0.1')
  const { code, sentences } = await start({ PORT: String(port) })
  server.close()
  expect(code).toBe(1)
  expect(sentences).toMatch(new RegExp(`^Port ${port} cannot be had.*PORT=${port + 1} npm start\\.$`))
})

it('says that the PostgreSQL of DATABASE_URL does not answer, without its password', async () => {
  const DATABASE_URL = `postgres://parley:secret@127.0.0.1:${await freePort()}/parley`
  const { code, sentences } = await start({ DATABASE_URL, TEMPORAL_ADDRESS: inject('temporalAddress') })
  expect(code).toBe(1)
  expect(sentences).toMatch(/^The PostgreSQL of DATABASE_URL cannot be used .*leave it out to use the embedded one\.$/)
  expect(sentences).not.toContain('secret')
  expect(left()).toEqual([])
})

it('says that the Temporal of TEMPORAL_ADDRESS does not answer', async () => {
  const TEMPORAL_ADDRESS = `127.0.0.1:${await freePort()}`
  const { code, sentences } = await start({ TEMPORAL_ADDRESS, DATABASE_URL: inject('databaseUrl') })
  expect(code).toBe(1)
  expect(sentences).toMatch(
    /^The Temporal of TEMPORAL_ADDRESS cannot be used .*leave it out to use the embedded one\.$/s,
  )
  expect(left()).toEqual([])
})

it('says that the data of PostgreSQL is damaged, and leaves it as it is', async () => {
  const data = join(folder, 'postgres', 'data')
  mkdirSync(data, { recursive: true })
  writeFileSync(join(data, 'base'), 'not a database')
  const { code, sentences } = await start({ TEMPORAL_ADDRESS: inject('temporalAddress') })
  expect(code).toBe(1)
  expect(sentences).toMatch(/^PostgreSQL cannot use its data folder .*move it away to begin with an empty one/)
  expect(readFileSync(join(data, 'base'), 'utf8')).toBe('not a database')
  expect(left()).toEqual([])
})

it('says that its secrets cannot be read', async () => {
  writeFileSync(join(folder, 'secrets.json'), '{"secretKey":')
  const { code, sentences } = await start({})
  expect(code).toBe(1)
  expect(sentences).toMatch(/secrets\.json cannot be read as it was written/)
})

it('says that the sessions of Temporal are damaged, and leaves them as they are', async () => {
  const data = join(folder, 'temporal')
  mkdirSync(data, { recursive: true })
  for (const name of ['server.sqlite', 'cli.sqlite'])
    writeFileSync(join(data, name), 'not a database, and never was one')
  const { code, sentences } = await start({ DATABASE_URL: inject('databaseUrl') })
  expect(code).toBe(1)
  expect(sentences).toMatch(/^Temporal cannot use its data in .*move it away to begin with an empty one/)
  expect(readFileSync(join(data, 'server.sqlite'), 'utf8')).toBe('not a database, and never was one')
  expect(left()).toEqual([])
})

it('says what to install where there is neither a Temporal server nor what builds one', async () => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const { code, sentences } = await start({
    DATABASE_URL: inject('databaseUrl'),
    PATH: bin,
    XDG_CACHE_HOME: join(folder, 'cache'),
    HTTPS_PROXY: 'http://127.0.0.1:1',
    https_proxy: 'http://127.0.0.1:1',
  })
  expect(code).toBe(1)
  expect(sentences).toMatch(/^There is no Temporal server here: install the Temporal CLI .*or Go /)
  expect(left()).toEqual([])
})

it('is told by an old Node that it is too old', () => {
  const source = readFileSync('dev/run.js', 'utf8')
  const script = `Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })\n${source}`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, 'start'], {
    encoding: 'utf8',
  })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^Parley needs Node 22\.18 or newer, and this is 20\.20\.2: .*\n$/)
})
