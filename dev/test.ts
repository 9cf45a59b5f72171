// `npm test`: the checks that need no server, then every kind of test, and one last line that counts all of them. A check
// counts as one test: what is wrong with types or imports fails the run as a failing test does.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ROOT } from './artifact.ts'

interface Count {
  passed: number
  failed: number
  skipped: number
}

const CHECKS = [
  ['lint', 'biome', ['check', '.']],
  ['types', 'tsc', ['--noEmit']],
  ['types of the console', 'tsc', ['--noEmit', '-p', 'console']],
  ['types of the phone page', 'tsc', ['--noEmit', '-p', 'simulator/phone/browser']],
  ['types of the database', 'node', ['dev/db-types.ts', '--check']],
  ['types of the API', 'node', ['dev/api-types.ts', '--check']],
  ['import direction', 'depcruise', ['--config', '.dependency-cruiser.cjs', 'src', 'console', 'simulator', 'dev']],
  ['dead code', 'knip', []],
] as const

const count: Count = { passed: 0, failed: 0, skipped: 0 }
const env = { ...process.env, PATH: `${join(ROOT, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}` }

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

for (const [name, command, args] of CHECKS) {
  const ok = (await run(command, args)) === 0
  if (ok) count.passed++
  else count.failed++
  console.log(`${ok ? 'passed' : 'FAILED'}: ${name}`)
}

const folder = mkdtempSync(join(tmpdir(), 'parley-report-'))
const report = join(folder, 'report.json')
const only = process.argv.slice(3)
const code = await run('vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...only,
])
const failedBefore = count.failed
try {
  const told = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number> & { success: boolean }
  count.passed += told.numPassedTests ?? 0
  count.failed += told.numFailedTests ?? 0
  count.skipped += (told.numPendingTests ?? 0) + (told.numTodoTests ?? 0)
} catch {
  console.error('vitest left no report')
}
rmSync(folder, { recursive: true, force: true })
// A file that does not load, or an error outside of any test, is no failed test to vitest; it is one to us.
if (code !== 0 && count.failed === failedBefore) count.failed++

console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
process.exitCode = count.failed > 0 ? 1 : 0
