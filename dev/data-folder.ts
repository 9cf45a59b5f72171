// DATA_DIR: one launcher at a time, and what is made once and kept in it.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { type Lock, tryLock } from './lock.ts'
import { messageOf, Problem } from './problem.ts'

export interface DataFolder {
  readonly path: string
  readonly logs: string
  readonly lock: Lock
}

export function openDataFolder(dataDir: string): DataFolder {
  const path = resolve(dataDir)
  const logs = join(path, 'logs')
  let lock: Lock | null
  try {
    mkdirSync(logs, { recursive: true })
    lock = tryLock(join(path, 'lock'))
  } catch (error) {
    throw new Problem(
      `The data folder ${path} cannot be used (${messageOf(error)}): make it writable, or choose another one with DATA_DIR.`,
    )
  }
  if (lock === null) {
    const holder = existsSync(join(path, 'pid')) ? ` (process ${readFileSync(join(path, 'pid'), 'utf8').trim()})` : ''
    throw new Problem(
      `Parley already runs on the data folder ${path}${holder}: stop it first, or choose another folder with DATA_DIR.`,
    )
  }
  writeFileSync(join(path, 'pid'), String(process.pid))
  return { path, logs, lock }
}

const keptSchema = z.object({
  secretKey: z.string().min(32),
  appSecret: z.string().min(16),
  verifyToken: z.string().min(16),
  /** The one that the demo accounts were given last. */
  demoPassword: z.string().min(1).nullable(),
})
export type Kept = z.infer<typeof keptSchema>

const random = (bytes: number): string => randomBytes(bytes).toString('base64url')

export function readKept({ path }: DataFolder): Kept {
  const file = join(path, 'secrets.json')
  if (!existsSync(file)) {
    const made = { secretKey: random(32), appSecret: random(24), verifyToken: random(18), demoPassword: null }
    writeKept({ path }, made)
    return made
  }
  try {
    return keptSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new Problem(
      `${file} cannot be read as it was written: restore it from a backup, or move ${path} away to begin with an empty one.`,
    )
  }
}

export function writeKept({ path }: Pick<DataFolder, 'path'>, kept: Kept): void {
  const file = join(path, 'secrets.json')
  writeFileSync(`${file}.new`, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Easy to read out and to type: no letter that looks like another. */
export function makePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  const chars = [...randomBytes(12)].map((byte) => letters[byte % letters.length])
  return [0, 4, 8].map((from) => chars.slice(from, from + 4).join('')).join('-')
}
