// The workflow bundle: what runs inside Temporal's sandbox, built ahead so that a worker starts at once and every worker
// of one version runs the same bytes.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Artifact, ROOT } from './artifact.ts'
import { Problem } from './problem.ts'

/**
 * Without its source map. The SDK alone is 530 kB, and a workflow of Parley some 15 kB; each open session's context is
 * made from all of it, so a library that slips in (zod would add 500 kB) is refused rather than carried.
 */
export const BUNDLE_LIMIT = 640_000

const ALLOWED = [
  /^\.\/src\/(workflows|domain)\//,
  /^\.\/node_modules\/(@temporalio\/(workflow|common)|nexus-rpc|ms|long)\//,
]

export async function bundle(workflowsPath: string): Promise<string> {
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker')
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') })
  const strangers = [...code.matchAll(/^ {2}!\*\*\* (\.\/\S+) \*\*\*!$/gm)]
    .map(([, path]) => path ?? '')
    .filter((path) => !ALLOWED.some((allowed) => allowed.test(path)))
  if (strangers.length > 0) {
    throw new Problem(
      `The workflow bundle may hold workflows, domain and the SDK only, but it holds ${strangers.join(', ')}.`,
    )
  }
  const size = code.replace(/^\/\/# sourceMappingURL=.*$/m, '').length
  if (size > BUNDLE_LIMIT) throw new Problem(`The workflow bundle is ${size} bytes, over its limit of ${BUNDLE_LIMIT}.`)
  return code
}

export const workflowBundle: Artifact = {
  name: 'workflows.js',
  sources: ['src/workflows', 'src/domain', 'package-lock.json', 'dev/bundle.ts'],
  make: async (path) => writeFile(path, await bundle(join(ROOT, 'src/workflows/index.ts'))),
}
