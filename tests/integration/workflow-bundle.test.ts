// What runs in Temporal's sandbox stays small: a library that slips into a workflow is refused when it is built.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../dev/artifact.ts'
import { bundle } from '../../dev/bundle.ts'

test('a workflow that imports zod is refused, and the sentence names zod', async () => {
  // Inside the project, so that its packages are found.
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.bundle-test-'))
  try {
    const file = join(folder, 'index.ts')
    writeFileSync(file, "import { z } from 'zod'\nexport const strange = async () => z.string().parse('x')\n")
    await expect(bundle(file)).rejects.toThrow(/holds? .*node_modules\/zod\//)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 120_000)

test('the session workflow is built, within the limit', async () => {
  expect((await bundle(join(ROOT, 'src/workflows/index.ts'))).length).toBeGreaterThan(100_000)
}, 120_000)
