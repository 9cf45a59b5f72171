// Who may import whom. A folder reaches only what its list names; contract.ts is the only door into the workflows; nothing
// runs in circles; the console and the simulator know nothing of src.
const only = (folder, allowed, why) => ({
  name: `${folder.replaceAll('/', '-')}-reaches-only-its-list`,
  comment: why,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { pathNot: [`^${folder}/`, ...allowed] },
})

const packages = (...names) => names.map((name) => `(^|/)node_modules/${name}/`)
const src = (...names) => names.map((name) => `^src/${name}`)
const contract = '^src/workflows/contract\\.ts$'

module.exports = {
  forbidden: [
    only(
      'src/domain',
      packages('libphonenumber-js'),
      'Rules are pure: no node:, and of packages only one that reads numbers',
    ),
    only(
      'src/workflows',
      [...src('domain/'), ...packages('@temporalio/(workflow|common)')],
      'What runs in the sandbox',
    ),
    only(
      'src/sessions',
      [...src('domain/', 'db/', 'cloud-api/', 'engine/', 'clock\\.ts$', 'ids\\.ts$'), contract, ...packages('kysely')],
      'Transactions on the locked row',
    ),
    only(
      'src/directory',
      [...src('domain/', 'db/', 'sessions/', 'ids\\.ts$'), ...packages('kysely', 'libphonenumber-js')],
      'Contacts, and nothing that a send reads',
    ),
    only(
      'src/engine',
      [...src('domain/'), contract, ...packages('@temporalio/(client|common)')],
      'The way to Temporal, and nothing else',
    ),
    only(
      'src/activities',
      [
        ...src('domain/', 'db/', 'cloud-api/', 'sessions/'),
        contract,
        ...packages('@temporalio/activity'),
        '^(node:)?(perf_hooks|timers)',
      ],
      'What workflows call',
    ),
    only('src/cloud-api', [...src('domain/'), ...packages('undici', 'zod')], 'A thin client of Meta'),
    only(
      'src/db',
      [
        ...src('domain/'),
        ...packages('kysely', 'pg', '@types/pg', 'pg-protocol', 'zod'),
        '^migrations/',
        '^(node:)?(fs|url)',
      ],
      'SQL and types',
    ),
    {
      name: 'ingest-does-not-know-the-api',
      severity: 'error',
      from: { path: '^src/ingest/' },
      to: { path: '^src/(api|auth|activities|worker)' },
    },
    {
      name: 'contract-is-the-only-door-into-workflows',
      severity: 'error',
      from: { pathNot: '^(src/workflows|tests|dev)/' },
      to: { path: '^src/workflows/', pathNot: contract },
    },
    {
      name: 'console-and-simulator-know-nothing-of-src',
      severity: 'error',
      from: { path: '^(console|simulator)/' },
      to: { path: '^(src|dev|migrations)/' },
    },
    {
      name: 'src-runs-without-the-rest',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(dev|simulator|console|bench|tests)/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'everything-is-found', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
