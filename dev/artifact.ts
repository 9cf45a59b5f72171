// Something built into dist/ from sources: made again only when they have changed, by one process at a time, and put in
// place as a whole, so that nobody ever reads half of it.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tryLock } from './lock.ts'
import type { Say } from './say.ts'
import { until } from './wait.ts'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const DIST = join(ROOT, 'dist')

export interface Artifact {
  /** Its file or folder in dist/. */
  readonly name: string
  /** Files and folders, from the root of the project. */
  readonly sources: readonly string[]
  /** Makes it at the path given. */
  make(path: string): Promise<void>
}

const BUILT_WITHIN_MS = 300_000

const stampOf = ({ name }: Artifact): string => join(DIST, '.built', name)

export function isCurrent(artifact: Artifact): boolean {
  const stamp = stampOf(artifact)
  return (
    existsSync(join(DIST, artifact.name)) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === hashOf(artifact.sources)
  )
}

/** True when it had to be made. */
export async function ensure(artifact: Artifact, say: Say): Promise<boolean> {
  const target = join(DIST, artifact.name)
  if (isCurrent(artifact)) return false
  const stamp = stampOf(artifact)
  const lock = await until(() => tryLock(`${stamp}.lock`), { within: BUILT_WITHIN_MS, every: 200 })
  if (lock === null) throw new Error(`Another process has been building dist/${artifact.name} for five minutes.`)
  try {
    if (isCurrent(artifact)) return false
    say(`Building dist/${artifact.name}`)
    const hash = hashOf(artifact.sources)
    const fresh = join(DIST, '.built', `${artifact.name}.new`)
    rmSync(fresh, { recursive: true, force: true })
    await artifact.make(fresh)
    rmSync(stamp, { force: true })
    rmSync(target, { recursive: true, force: true })
    mkdirSync(dirname(target), { recursive: true })
    renameSync(fresh, target)
    writeFileSync(stamp, hash)
    return true
  } finally {
    lock.release()
  }
}

function hashOf(sources: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of sources.flatMap((source) => filesUnder(join(ROOT, source))).sort()) {
    hash
      .update(`${relative(ROOT, path)}\0`)
      .update(readFileSync(path))
      .update('\0')
  }
  return hash.digest('hex')
}

function filesUnder(path: string): readonly string[] {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
