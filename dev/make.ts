// Builds those of dist/'s parts that are named, where they are stale. A process of its own for the launcher, so that what
// compilers and bundlers need of memory is given back.
import { ensure } from './artifact.ts'
import { workflowBundle } from './bundle.ts'
import { messageOf } from './problem.ts'
import { consoleApp, phonePage } from './web.ts'

try {
  for (const artifact of [workflowBundle, consoleApp, phonePage]) {
    if (process.argv.includes(artifact.name)) await ensure(artifact, (line) => console.log(line))
  }
} catch (error) {
  console.error(messageOf(error))
  process.exit(1)
}
