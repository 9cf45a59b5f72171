// `npm run build`: dist/ with all that the services need, so that `node dist/api/main.js` and `node dist/worker.js` run
// beside the production packages alone.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DIST, ensure, ROOT } from './artifact.ts'
import { workflowBundle } from './bundle.ts'
import { messageOf } from './problem.ts'
import { consoleApp, phonePage } from './web.ts'

const artifacts = [workflowBundle, consoleApp, phonePage]
const say = (line: string) => console.log(line)
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')

function compile(project: string): void {
  say(`Compiling ${project}`)
  execFileSync(process.execPath, [compiler, '-p', project], { cwd: ROOT, stdio: 'inherit' })
}

/** What a source that is gone once compiled to must not be found by a service. */
function clear(): void {
  const kept = ['.built', ...artifacts.map(({ name }) => name)]
  for (const name of existsSync(DIST) ? readdirSync(DIST) : []) {
    if (!kept.includes(name)) rmSync(join(DIST, name), { recursive: true })
  }
}

try {
  clear()
  compile('tsconfig.build.json')
  compile('tsconfig.migrations.json')
  for (const artifact of artifacts) await ensure(artifact, say)
  say('Built dist/')
} catch (error) {
  console.error(`The build failed: ${messageOf(error)}`)
  process.exitCode = 1
}
