import type { FastifyBaseLogger } from 'fastify'

import type { Database } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import type { Callers } from '../usecases/callers.ts'

/** What the API needs from outside. A file of routes takes only what it uses: `Pick<AppDeps, 'database' | 'ids'>`. */
export interface AppDeps {
  logger: FastifyBaseLogger
  database: Database
  ids: IdSource
  callers: Callers
  /** Origin used in links and for the checks of cookies and Origin; no slash at the end. */
  publicUrl: string
}
