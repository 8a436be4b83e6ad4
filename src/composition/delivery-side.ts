import { startNotices } from '../alerts/notices.ts'
import type { Config } from '../config.ts'
import { startDispatcher } from '../dispatch/dispatcher.ts'
import { startSweep } from '../dispatch/sweep.ts'
import { startUpkeep } from '../dispatch/upkeep.ts'
import { loadWorkflowBundle } from '../temporal/bundle.ts'
import { findClosedAbnormally } from '../temporal/closed-runs.ts'
import { openClientLink, openWorkerLink, type TemporalLink } from '../temporal/connection.ts'
import { installRuntime } from '../temporal/runtime.ts'
import { type RunningWorker, runWorker } from '../temporal/worker.ts'
import type { Core } from './core.ts'
import { createDelivering, type Delivering } from './delivering.ts'
import { noticeDeps } from './notices.ts'
import { UPKEEP_TASKS } from './upkeep-tasks.ts'

/** The way to Temporal and what delivers, as the API needs to know them. */
export interface DeliverySide {
  link: TemporalLink
  delivering: Delivering
  worker: RunningWorker | null
}

/** Everything that delivers, with a worker. */
export async function openWorkerSide(
  core: Core,
  resources: AsyncDisposableStack,
  bundleDirectory: string,
): Promise<DeliverySide> {
  const { config, logger, logFault } = core
  installRuntime({
    log: ({ level, message, meta }) => {
      logger[level === 'ERROR' ? 'error' : 'warn']({ ...meta }, message)
    },
  })
  const link = openWorkerLink(temporalTarget(config), (error, retryInMs) => {
    logger.warn({ err: error, retryInMs }, 'Temporal cannot be reached; trying again.')
  })
  resources.defer(() => link.close())
  let worker: RunningWorker | null = null
  const delivering = createDelivering(core, {
    client: link.client,
    freeWorkflowSlots: () => worker?.freeWorkflowSlots() ?? 0,
  })
  worker = runWorker(
    link,
    {
      namespace: config.temporalNamespace,
      activities: delivering.activities,
      bundle: await loadWorkflowBundle(bundleDirectory),
      attemptTimeoutMsMax: 30_000,
    },
    (error) => {
      logFault('The worker ended; the next one follows.', error)
    },
  )
  const running = worker
  resources.defer(() => running.stop())
  startLoops(core, link, delivering, resources)
  return { link, delivering, worker }
}

/** The same for a process without a worker. */
export function openClientSide(core: Core, resources: AsyncDisposableStack): DeliverySide {
  const link = openClientLink(temporalTarget(core.config))
  resources.defer(() => link.close())
  const delivering = createDelivering(core, { client: link.client })
  startLoops(core, link, delivering, resources)
  return { link, delivering, worker: null }
}

function startLoops(
  core: Core,
  link: TemporalLink,
  delivering: Delivering,
  resources: AsyncDisposableStack,
): void {
  const { database, logFault } = core
  const { sql } = database
  const notices = startNotices(noticeDeps(core))
  resources.defer(() => notices.stop())
  const upkeep = startUpkeep(database, UPKEEP_TASKS, logFault)
  resources.defer(() => upkeep.stop())
  const sweep = startSweep({
    sql,
    findClosedAbnormally: (since) => findClosedAbnormally(link.client(), since),
    logFault,
  })
  resources.defer(() => sweep.stop())
  const { targets, direct } = delivering
  if (direct !== null) resources.defer(() => direct.lane.stop())
  const dispatcher = startDispatcher({ sql, targets, lane: direct, logFault })
  resources.defer(async () => {
    await dispatcher.stop()
    await delivering.messenger.settled()
  })
}

function temporalTarget(config: Config) {
  return {
    address: config.temporalAddress ?? '127.0.0.1:7233',
    namespace: config.temporalNamespace,
    security: config.temporalSecurity,
  }
}
