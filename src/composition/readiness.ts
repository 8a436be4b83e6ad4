import type { Readiness } from '../api/app-deps.ts'
import { isMigrated } from '../db/migrator.ts'
import { isTemporalReady } from '../temporal/connection.ts'
import { checkSearchAttributes } from '../temporal/search-attributes.ts'
import type { Core } from './core.ts'
import type { DeliverySide } from './delivery-side.ts'

/** Whether this process can do its work now; each problem is a sentence that says what to do. */
export function createReadiness(
  { database }: Core,
  { link, worker }: DeliverySide,
  isBootstrapped: () => boolean,
): () => Promise<Readiness> {
  return async () => {
    const problems = (await Promise.all([databaseProblems(), temporalProblems()])).flat()
    return { ready: problems.length === 0, problems }
  }

  async function databaseProblems(): Promise<string[]> {
    try {
      if (!(await isMigrated(database))) return ['The database lacks migrations: run `npm run migrate`.']
      return isBootstrapped() ? [] : ['The bootstrap key is not made yet.']
    } catch {
      return ['The database cannot be reached.']
    }
  }

  async function temporalProblems(): Promise<string[]> {
    if (!(await isTemporalReady(link))) return ['Temporal cannot be reached.']
    const missing = await checkSearchAttributes(link.client()).catch(() => [])
    const problems =
      missing.length === 0
        ? []
        : [`Temporal lacks search attributes (${missing.join(', ')}): run \`npm run migrate\`.`]
    if (worker !== null && !worker.isRunning()) problems.push('The worker is not running yet.')
    return problems
  }
}
