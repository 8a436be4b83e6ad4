import type { TestProject } from 'vitest/node'

import { startTestPostgres, startTestTemporal } from './local-servers.ts'
import { createTemplate } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the server's own database; tests clone the template instead of using it. */
    databaseUrl: string
    temporalAddress: string
  }
}

/** One PostgreSQL with a migrated template database and one Temporal server for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, temporal] = await Promise.all([startTestPostgres(), startTestTemporal()])
  await createTemplate(postgres.url)
  project.provide('databaseUrl', postgres.url)
  project.provide('temporalAddress', temporal.address)
  return async () => {
    await Promise.all([postgres.stop(), temporal.stop()])
  }
}
