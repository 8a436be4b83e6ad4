import { join } from 'node:path'

import packageDescription from '../../package.json' with { type: 'json' }
import { buildApp } from '../api/app.ts'
import { checkCustomHeaders } from '../sending/custom-headers.ts'
import { buildRequest } from '../sending/request.ts'
import { checkSecret, generateSecret } from '../sending/signature.ts'
import { checkTargetUrl } from '../sending/target-url.ts'
import { createAlerts } from '../usecases/alerts.ts'
import { ensureBootstrapKey } from '../usecases/bootstrap-key.ts'
import { createCallers } from '../usecases/caller-lookup.ts'
import { createKeptAnswers } from '../usecases/kept-answers.ts'
import { createSendTest } from '../usecases/send-test.ts'
import { createWebhooks } from '../usecases/webhooks.ts'
import type { Core } from './core.ts'
import { createMetrics } from './metrics.ts'
import { createPublishing } from './publishing.ts'
import { createReadiness } from './readiness.ts'
import type { DeliverySide } from './delivery-side.ts'

const BOOTSTRAP_RETRY_MS = 1_000
const PAGE_DIRECTORY = join(import.meta.dirname, '../../ui/dist')

/** Builds the API on what is open already and listens. Answers where. */
export async function startApi(
  core: Core,
  side: DeliverySide,
  resources: AsyncDisposableStack,
): Promise<string> {
  const { config, database, ids, cipher, targets } = core
  const isBootstrapped = keepBootstrapping(core, resources)
  const app = await buildApp({
    logger: core.logger,
    database,
    ids,
    callers: createCallers(database, { bootstrapKey: config.bootstrapApiKey }),
    keptAnswers: createKeptAnswers({ database, cipher }),
    publishEvents: createPublishing(core, side.delivering),
    deliveryCommands: side.delivering.commands,
    webhooks: createWebhooks({
      database,
      ids,
      cipher,
      rules: {
        checkUrl: (text) => checkTargetUrl(text, core.rules),
        checkHeaders: checkCustomHeaders,
        checkSecret,
        generateSecret,
      },
      defaultSchedule: config.schedule,
      requestTimeoutMs: config.requestTimeoutMs,
    }),
    sendTest: createSendTest({
      database,
      ids,
      targets,
      buildRequest,
      send: core.sender.send,
    }),
    alerts: createAlerts({ database, ids }),
    readiness: createReadiness(core, side, isBootstrapped),
    metrics: createMetrics(core, side),
    publicUrl: config.publicUrl,
    pageDirectory: PAGE_DIRECTORY,
    version: packageDescription.version,
  })
  resources.defer(() => app.close())
  return app.listen({ host: config.host, port: config.port })
}

/** Makes the operator's key as soon as the database can be reached, and answers whether it is there. */
function keepBootstrapping(
  { config, database, ids, logFault }: Core,
  resources: AsyncDisposableStack,
): () => boolean {
  const { bootstrapApiKey } = config
  if (bootstrapApiKey === null) return () => true
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isDone = false
  const turn = async (): Promise<void> => {
    try {
      await ensureBootstrapKey(database, ids, bootstrapApiKey)
      isDone = true
    } catch (error) {
      logFault('The bootstrap key could not be made yet.', error)
      if (!isStopped) timer = setTimeout(() => void turn(), BOOTSTRAP_RETRY_MS)
    }
  }
  void turn()
  resources.defer(() => {
    isStopped = true
    clearTimeout(timer)
  })
  return () => isDone
}
