// What a log says last, for the sentence that says why somebody did not start: of a crash its error, not its stack.
import { readFileSync } from 'node:fs'

export function logTail(file: string, lines = 3): string {
  try {
    const all = readFileSync(file, 'utf8').slice(-20_000).trimEnd().split('\n')
    const crash = all.findLast((line) => /^(\w*Error\b|Uncaught)/.test(line))
    return all.at(-1)?.startsWith('Node.js v') && crash !== undefined ? crash : all.slice(-lines).join('\n')
  } catch {
    return ''
  }
}
