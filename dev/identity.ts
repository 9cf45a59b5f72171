// Which process is meant: a number alone is not enough, for numbers are used again.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Identity {
  readonly pid: number
  /** When it was started, in the system's own words; another process of the same number has another. */
  readonly started: string
}

/** Null when no such process runs; one that has ended and only waits to be collected does not run. */
export function identify(pid: number): Identity | null {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return null
  }
  try {
    return process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
  } catch {
    return null
  }
}

function fromProc(pid: number): Identity | null {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The second field, the command in brackets, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, ticks] = [fields[0], fields[19]]
  if (state === 'Z' || state === 'X' || ticks === undefined) return null
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  return { pid, started: `${boot} ${ticks}` }
}

function fromPs(pid: number): Identity | null {
  const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  return line === '' || line.startsWith('Z') ? null : { pid, started: line.slice(line.indexOf(' ')).trim() }
}

/** True of one that has ended and is still listed, because nobody has collected it: in a container that may last for ever. */
export function isUncollected(pid: number): boolean {
  try {
    return process.platform === 'linux'
      ? /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
      : execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
          .trim()
          .startsWith('Z')
  } catch {
    return false
  }
}

export function isRunning(identity: Identity): boolean {
  return identify(identity.pid)?.started === identity.started
}

/** Null where the system does not tell. */
export function commandOf(pid: number): string | null {
  try {
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      : execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
}
