// The last lines of a server's log, for the sentence that says why it did not start.
import { readFileSync } from 'node:fs'

export function logTail(file: string, lines = 3): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } catch {
    return ''
  }
}
