import type { FastifyBaseLogger } from 'fastify'
import type { Registry } from 'prom-client'

import type { Database } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import type { Alerts } from '../usecases/alerts.ts'
import type { Callers } from '../usecases/callers.ts'
import type { DeliveryCommands } from '../usecases/delivery-commands.ts'
import type { KeptAnswers } from '../usecases/kept-answers.ts'
import type { PublishEvents } from '../usecases/publish-events.ts'
import type { SendTest } from '../usecases/send-test.ts'
import type { Webhooks } from '../usecases/webhooks.ts'

/** Whether the service can do its work, and if not, one sentence per reason. */
export interface Readiness {
  ready: boolean
  problems: readonly string[]
}

/** What the API needs from outside. A file of routes takes only what it uses: `Pick<AppDeps, 'database' | 'ids'>`. */
export interface AppDeps {
  logger: FastifyBaseLogger
  database: Database
  ids: IdSource
  callers: Callers
  keptAnswers: KeptAnswers
  publishEvents: PublishEvents
  deliveryCommands: Pick<DeliveryCommands, 'retry' | 'cancel' | 'retryFailed'>
  webhooks: Webhooks
  sendTest: SendTest
  alerts: Alerts
  readiness: () => Promise<Readiness>
  metrics: Registry
  /** Origin used in links and for the checks of cookies and Origin; no slash at the end. */
  publicUrl: string
  /** Where the built settings page lies; what is not there is answered by a page that says where the API is. */
  pageDirectory: string
  /** Of Postrider itself, shown in the API's description. */
  version: string
}
