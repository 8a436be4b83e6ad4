import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Long enough for a busy machine: what a test waits for either comes, or the wait shows that it hangs. */
const expectPatiently = { poll: { timeout: 60_000, interval: 50 } }

const maxWorkers = Math.max(2, Math.floor(availableParallelism() / 2))

/**
 * One project per kind of test. `groupOrder` runs them one after the other, cheapest first, so that tests which
 * measure time are not disturbed by those which only need a processor.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    passWithNoTests: true,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 60_000,
          maxWorkers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'workflows',
          include: ['test/workflows/**/*.test.ts'],
          globalSetup: ['test/support/shared-servers.ts'],
          testTimeout: 90_000,
          expect: expectPatiently,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/shared-servers.ts'],
          testTimeout: 90_000,
          expect: expectPatiently,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/shared-servers.ts'],
          testTimeout: 180_000,
          expect: expectPatiently,
          hookTimeout: 180_000,
          // Whole processes are started and killed here: one file at a time keeps their clocks honest.
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'ui',
          include: ['test/ui/**/*.test.{ts,tsx}'],
          globalSetup: ['test/support/shared-servers.ts', 'test/ui/support/build-page.ts'],
          testTimeout: 120_000,
          expect: expectPatiently,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
