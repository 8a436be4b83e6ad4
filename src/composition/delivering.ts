import { createActivities } from '../../activities/index.ts'
import { markBreakerOpen } from '../db/attempt-effects.ts'
import { readStanding } from '../db/delivery-commands.ts'
import { deferDelivery, returnClaimed } from '../db/dispatching.ts'
import { createDispatchTargets } from '../dispatch/dispatch-targets.ts'
import type { DispatchTargets } from '../dispatch/dispatcher.ts'
import { createMessenger, type Messenger } from '../dispatch/messenger.ts'
import { buildRequest } from '../sending/request.ts'
import { createDeliveryStarter, type StarterDeps } from '../temporal/delivery-starter.ts'
import { type AttemptDelivery, createAttemptDelivery } from '../usecases/attempt-delivery.ts'
import { createDeliveryCommands, type DeliveryCommands } from '../usecases/delivery-commands.ts'
import { createFailurePace } from '../usecases/failure-pace.ts'
import { createFreshDeliveries, type FreshDeliveries } from '../usecases/fresh-deliveries.ts'
import type { RecordAttemptDeps } from '../usecases/record-attempt.ts'
import { createFirstSuccessRecorder } from '../usecases/first-successes.ts'
import { createRecorder, type Recorder } from '../usecases/recorder.ts'
import { WebhookGate } from '../usecases/webhook-gate.ts'
import type { Core } from './core.ts'
import { failingAround } from './failpoints.ts'
import { createDirectSide, type DirectSide } from './direct-side.ts'

/** Everything a delivery's life needs in one process. */
export interface Delivering {
  /** Makes first attempts without a workflow; null where every attempt is a workflow's. */
  direct: DirectSide | null
  gate: WebhookGate
  targets: DispatchTargets
  messenger: Messenger
  /** What this process has accepted a moment ago. */
  fresh: FreshDeliveries
  commands: DeliveryCommands
  activities: ReturnType<typeof createActivities>
}

const MESSAGES_IN_FLIGHT_MAX = 256
const PATIENT_STARTS_MAX = 64
/** In `auto`: what would wait longer than this for its start is not given to Temporal first. */
const AUTO_WAIT_MS_MAX = 1_000

export function createDelivering(
  core: Core,
  way: Pick<StarterDeps, 'client' | 'freeWorkflowSlots'>,
): Delivering {
  const { config, database, logFault } = core
  let direct: DirectSide | null = null
  const gate = createGate(core, (webhookId) => direct?.lane.wake(webhookId))
  const starter = createDeliveryStarter({
    ...way,
    retrySignalWaitMs: config.retrySignalWaitMs,
    isServingQuick: () => gate.isServingQuick(),
  })
  const targets = createDispatchTargets({
    sql: database.sql,
    starter: {
      ...starter,
      start: failingAround(starter.start, core.fail, { before: 'before-start', after: 'after-start' }),
    },
    gate,
  })
  const messenger = createMessenger({
    targets,
    inFlightMax: MESSAGES_IN_FLIGHT_MAX,
    patientMax: PATIENT_STARTS_MAX,
    isQuick: (webhookId) => gate.isQuick(webhookId),
    giveBack: (ids) => returnClaimed(database.sql, ids, 0),
    waitMsMax: config.firstAttempt === 'auto' ? AUTO_WAIT_MS_MAX : null,
    logFault,
  })
  const commands = createDeliveryCommands({ database, messenger })
  const recordDeps = createRecordDeps(core)
  const fresh = createFreshDeliveries()
  const failurePace = createFailurePace(() => gate.isServingQuick())
  const recorder = createRecorder({
    ...recordDeps,
    inPlace: failurePace.record,
    recordFirstSuccess: createFirstSuccessRecorder(database.sql, 0),
    logFault: (error) => {
      logFault('An attempt could not be recorded yet.', error)
    },
  })
  const attemptDelivery = createAttemptDelivery({
    database,
    targets: core.targets,
    fresh,
    send: core.sender.send,
    buildRequest,
    enterGate: (request) => gate.enter(request),
    cancelDelivery: commands.cancelById,
    deferDelivery: (deliveryId, retryInMs) => deferDelivery(database.sql, deliveryId, retryInMs),
    passOnFailure: failurePace.passOn,
    record: failingAround(recorder.record, core.fail, { before: 'before-record' }),
  })
  if (config.firstAttempt !== 'workflow')
    direct = createDirectSide(core, { gate, messenger, recordDeps, attemptDelivery, failurePace })
  const activities = createDeliveryActivities(core, { attemptDelivery, recorder, commands })
  return { direct, gate, targets, messenger, fresh, commands, activities }
}

function createGate({ database, logger, logFault }: Core, onRoom: (webhookId: string) => void): WebhookGate {
  return new WebhookGate({
    onRoom,
    onBreaker: (webhookId, change) => {
      logger.warn({ webhookId }, `The breaker of a webhook has ${change}.`)
      if (change === 'opened')
        markBreakerOpen(database.sql, webhookId).catch((error: unknown) => {
          logFault('An open breaker could not be noted.', error)
        })
    },
  })
}

function createRecordDeps({ config, database, fail, ids }: Core): RecordAttemptDeps {
  return {
    database,
    ids: {
      next() {
        // The only id that recording needs is an alert's.
        fail('before-alert')
        return ids.next()
      },
    },
    random: Math.random,
    disableAfterMs: config.disableAfterMs,
  }
}

interface ActivityParts {
  attemptDelivery: AttemptDelivery
  recorder: Recorder
  commands: DeliveryCommands
}

function createDeliveryActivities(
  { database, logger }: Core,
  { attemptDelivery, recorder, commands }: ActivityParts,
) {
  return createActivities({
    attemptDelivery,
    recordAttempt: recorder.recordFacts,
    async cancelDelivery({ deliveryId }) {
      await commands.cancelById(deliveryId)
      const standing = await readStanding(database.sql, deliveryId)
      const state = standing?.state ?? 'cancelled'
      return { kind: 'settled', state: state === 'pending' ? 'cancelled' : state, attempt: null }
    },
    async lookAtDelivery({ deliveryId }) {
      const standing = await readStanding(database.sql, deliveryId)
      return {
        state: standing?.state ?? 'cancelled',
        retryRequestedAt: standing?.retryRequestedAt?.toISOString() ?? null,
      }
    },
    logFault: ({ activity, deliveryId, tries, error }) => {
      logger.warn(
        { err: error, activity, deliveryId, tries },
        'An activity failed on our side; Temporal tries it again.',
      )
    },
  })
}
