import { defineConfig } from 'vitest/config'

// One project a kind of test. Everything that talks to PostgreSQL or Temporal shares the servers that
// tests/support/servers.ts starts once a run; each file gets a database of its own.
const real = { globalSetup: ['tests/support/servers.ts'], testTimeout: 60_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] } },
      { test: { name: 'integration', include: ['tests/integration/**/*.test.ts'], ...real } },
      { test: { name: 'replay', include: ['tests/replay/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'faults', include: ['tests/faults/**/*.test.ts'], ...real } },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          ...real,
          globalSetup: ['tests/support/servers.ts', 'tests/support/web-apps.ts'],
        },
      },
    ],
    maxWorkers: 2,
  },
})
