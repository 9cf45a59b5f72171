// `npm run db:types`: writes src/db/generated.ts from a freshly migrated database. With --check it only says whether the
// file is up to date.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { connect } from '../src/db/database.ts'
import { migrateToLatest } from '../src/db/migrate.ts'
import { ROOT } from './artifact.ts'
import { Family } from './family.ts'
import { ensureDatabase, startPostgres } from './postgres.ts'

const target = join(ROOT, 'src/db/generated.ts')
const folder = mkdtempSync(join(tmpdir(), 'parley-types-'))
const family = new Family(folder)
try {
  const postgres = await startPostgres({ family, folder: join(folder, 'postgres'), forgetful: true })
  const url = await ensureDatabase(postgres, 'parley')
  const { db, close } = connect(url, 2)
  await migrateToLatest(db)
  await close()
  const fresh = join(folder, 'generated.ts')
  const codegen = join(
    dirname(createRequire(import.meta.url).resolve('kysely-codegen/package.json')),
    'dist/cli/bin.js',
  )
  const args = ['--dialect', 'postgres', '--url', url, '--exclude-pattern', 'kysely_*', '--singularize=false']
  const checking = process.argv.includes('--check')
  execFileSync(process.execPath, [codegen, ...args, '--out-file', checking ? fresh : target], { stdio: 'inherit' })
  if (checking && readFileSync(fresh, 'utf8') !== readFileSync(target, 'utf8')) {
    console.error('src/db/generated.ts is not what the migrations make: run "npm run db:types".')
    process.exitCode = 1
  }
} finally {
  await family.stopAll()
  rmSync(folder, { recursive: true, force: true })
}
