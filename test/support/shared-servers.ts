import type { TestProject } from 'vitest/node'
import setup from './global-setup.ts'

type Teardown = Awaited<ReturnType<typeof setup>>

/** Kept on the global object, because every test project loads its own copy of this module. */
const shared = globalThis as {
  postriderServers?: Promise<Teardown>
  postriderServerUsers?: number
}

/**
 * Starts the servers once for all test projects of a run and stops them after the last one: a PostgreSQL and a
 * Temporal server per project would cost seconds and memory each. What they `provide` is set on the root
 * project, from which the others inherit it.
 */
export default async function setupOnce(project: TestProject): Promise<() => Promise<void>> {
  shared.postriderServerUsers = (shared.postriderServerUsers ?? 0) + 1
  shared.postriderServers ??= setup(project.vitest.getRootProject())
  const teardown = await shared.postriderServers
  return async () => {
    shared.postriderServerUsers = (shared.postriderServerUsers ?? 1) - 1
    if (shared.postriderServerUsers === 0) await teardown()
  }
}
