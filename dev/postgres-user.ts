// Whom PostgreSQL runs as: never root, so that as root its own system user is taken, and made where there is none.
import { execFileSync } from 'node:child_process'
import { Problem } from './problem.ts'

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

const NAME = 'postgres'

/** Null when the launcher itself is not root: then PostgreSQL runs as the same user. */
export function postgresUser(say: (line: string) => void): SystemUser | null {
  if (process.getuid?.() !== 0) return null
  const found = lookUp()
  if (found) return found
  say(`PostgreSQL does not run as root: making a system user "${NAME}" for it`)
  try {
    execFileSync('groupadd', ['--system', '--force', NAME], { stdio: 'pipe' })
    execFileSync('useradd', ['--system', '--gid', NAME, '--no-create-home', '--shell', '/usr/sbin/nologin', NAME], {
      stdio: 'pipe',
    })
  } catch {}
  const made = lookUp()
  if (made) return made
  throw new Problem(
    `PostgreSQL does not run as root, and the system user "${NAME}" could not be made: start Parley as another user, or set DATABASE_URL.`,
  )
}

function lookUp(): SystemUser | null {
  try {
    const id = (flag: string) => Number(execFileSync('id', [flag, NAME], { encoding: 'utf8', stdio: 'pipe' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return null
  }
}

/**
 * How to run a program as that user. Where the user may not enter the folders on the way (a clone in root's home), the
 * right to pass through them is handed along, for this one process.
 */
export function runAs(
  user: SystemUser | null,
  program: string,
  args: readonly string[],
  folder: string,
): { readonly command: string; readonly args: readonly string[]; readonly uid?: number; readonly gid?: number } {
  if (user === null) return { command: program, args }
  if (canReach(user, program) && canReach(user, folder)) return { command: program, args, ...user }
  const rights = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--bounding-set=-all,+dac_override']
  const who = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
  return { command: 'setpriv', args: [...who, ...rights, '--', program, ...args] }
}

function canReach({ uid, gid }: SystemUser, path: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'test -r "$1"', 'sh', path], { uid, gid, stdio: 'ignore', cwd: '/' })
    return true
  } catch {
    return false
  }
}
