import type { Client, WorkflowOptions } from '@temporalio/client'
import { TypedSearchAttributes, WorkflowNotFoundError } from '@temporalio/common'

import { deliverWorkflowId } from '../domain/delivery.ts'
import type { KnownWait } from '../usecases/ports.ts'
import {
  cancelDelivery,
  DELIVER,
  type DeliverInput,
  eventTypeAttribute,
  RETRYING,
  retryNow,
  stateAttribute,
  TASK_QUEUE,
  webhookIdAttribute,
  workspaceIdAttribute,
} from '../../workflows/contract.ts'
import type { deliver } from '../../workflows/deliver.ts'
import { isTemporalAway, TemporalAwayError, withDeadline } from './deadline.ts'
import { createStartPlaces } from './start-places.ts'

/** What a run is started with. */
export interface DeliveryStart {
  deliveryId: string
  workspaceId: string
  webhookId: string
  eventType: string
  /** Attempts made before this run. */
  attemptsMade: number
  /** Whether the webhook is healthy and quick, so that the first attempt may be a local activity. */
  quick: boolean
  /** The wait that is left, where it is known: the run then sleeps without asking the row. */
  waiting?: KnownWait
}

/** What became of a batch. `failed` ones are to be tried again later; their rows say when. */
export interface StartResult {
  started: string[]
  failed: { deliveryId: string; cause: unknown }[]
}

export interface DeliveryStarter {
  /** Starts a run for each, or finds it running. Never throws and answers within seconds, whatever Temporal does. */
  start: (deliveries: readonly DeliveryStart[]) => Promise<StartResult>
  /** Signals a manual retry, and starts a run where none is open. `requestedAt` as stored in the row. */
  signalRetry: (delivery: DeliveryStart, requestedAt: Date) => Promise<void>
  /** Ends a sleeping run; one that is closed already is fine. */
  signalCancel: (deliveryId: string) => Promise<void>
}

export interface StarterDeps {
  client: () => Client
  retrySignalWaitMs: number
  /** How many workflow slots the worker that shares the client's connection has free; undefined without such a worker. */
  freeWorkflowSlots?: () => number
  /** Whether this process serves webhooks that answer fast; starts to others then keep out of their way. */
  isServingQuick?: () => boolean
  /** `postrider` by default. */
  taskQueue?: string
}

/** Calls under way at once; more only queue up in the server. */
const STARTS_IN_FLIGHT_MAX = 32
/**
 * An eager start beyond the free slots can be dropped by the worker and then waits out the workflow-task timeout of
 * 10 s. So many slots are left to work that comes the normal way.
 */
const SPARE_SLOTS = 20

/** The client's side of `deliver`: one run per delivery, whoever starts it and however often. */
export function createDeliveryStarter(deps: StarterDeps): DeliveryStarter {
  const { client, retrySignalWaitMs, freeWorkflowSlots, isServingQuick, taskQueue = TASK_QUEUE } = deps
  const tryEagerly = createEagerGate(freeWorkflowSlots)
  const inPlace = createStartPlaces({
    places: STARTS_IN_FLIGHT_MAX,
    isServingQuick: isServingQuick ?? (() => false),
  })

  const startOne = async (temporal: Client, delivery: DeliveryStart): Promise<void> =>
    tryEagerly(async (requestEagerStart) => {
      await withDeadline(temporal.connection, async () =>
        temporal.workflow.start<typeof deliver>(DELIVER, {
          ...startOptions(delivery, taskQueue),
          args: [startInput(delivery, retrySignalWaitMs)],
          requestEagerStart,
        }),
      )
    })

  return {
    start: async (deliveries) =>
      startAll(deliveries, async (delivery) =>
        inPlace(delivery.quick, async () => startOne(client(), delivery)),
      ),
    async signalRetry(delivery, requestedAt) {
      const temporal = client()
      await withDeadline(temporal.connection, async () =>
        temporal.workflow.signalWithStart<typeof deliver, [request?: { requestedAt: string }]>(DELIVER, {
          ...startOptions(delivery, taskQueue),
          args: [startInput({ ...delivery, quick: false }, retrySignalWaitMs)],
          signal: retryNow,
          signalArgs: [{ requestedAt: requestedAt.toISOString() }],
        }),
      )
    },
    async signalCancel(deliveryId) {
      const temporal = client()
      try {
        await withDeadline(temporal.connection, async () =>
          temporal.workflow.getHandle(deliverWorkflowId(deliveryId)).signal(cancelDelivery),
        )
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error
      }
    },
  }
}

function startInput(
  { deliveryId, attemptsMade, quick, waiting }: DeliveryStart,
  retrySignalWaitMs: number,
): DeliverInput {
  const input = { deliveryId, attemptsMade, quick, retrySignalWaitMs }
  if (waiting === undefined) return input
  const { dueAtMs, stepsUsed, steps } = waiting
  return { ...input, waiting: { waitMs: Math.max(0, Math.round(dueAtMs - Date.now())), stepsUsed, steps } }
}

function startOptions(
  { deliveryId, workspaceId, webhookId, eventType, waiting }: DeliveryStart,
  taskQueue: string,
) {
  return {
    taskQueue,
    workflowId: deliverWorkflowId(deliveryId),
    // The row decides whether there is something to do, not Temporal's memory of ids.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: new TypedSearchAttributes([
      { key: workspaceIdAttribute, value: workspaceId },
      { key: webhookIdAttribute, value: webhookId },
      { key: eventTypeAttribute, value: eventType },
      ...(waiting === undefined ? [] : [{ key: stateAttribute, value: RETRYING }]),
    ]),
    staticSummary: `${eventType} to webhook ${webhookId}`,
    // Servers with matching.enableFairness serve webhooks in turn; others ignore it.
    priority: { fairnessKey: webhookId },
  } as const satisfies WorkflowOptions
}

/** How long after its start an eager run may not yet show in the worker's own count of what it is busy with. */
const UNSEEN_MS = 500

/** Runs `work` with true while eager starts stay well below the free slots of the worker beside us. */
function createEagerGate(freeWorkflowSlots: (() => number) | undefined) {
  let unseen = 0
  return async <T>(work: (isEager: boolean) => Promise<T>): Promise<T> => {
    if (freeWorkflowSlots === undefined || freeWorkflowSlots() - unseen <= SPARE_SLOTS) return work(false)
    unseen += 1
    try {
      return await work(true)
    } finally {
      setTimeout(() => {
        unseen -= 1
      }, UNSEEN_MS).unref()
    }
  }
}

/** A bounded number at once; when Temporal turns out to be away, the rest is not tried. */
async function startAll(
  deliveries: readonly DeliveryStart[],
  startOne: (delivery: DeliveryStart) => Promise<void>,
): Promise<StartResult> {
  const result: StartResult = { started: [], failed: [] }
  const rest = deliveries.values()
  let isAway = false
  const work = async (): Promise<void> => {
    for (const delivery of rest) {
      const { deliveryId } = delivery
      try {
        if (isAway) throw new TemporalAwayError('Temporal is away: not tried')
        await startOne(delivery)
        result.started.push(deliveryId)
      } catch (cause) {
        isAway ||= isTemporalAway(cause)
        result.failed.push({ deliveryId, cause })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(STARTS_IN_FLIGHT_MAX, deliveries.length) }, work))
  return result
}
