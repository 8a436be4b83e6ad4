import { once } from 'node:events'

import { type NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker'

import { TASK_QUEUE } from '../../workflows/contract.ts'
import type { WorkerLink } from './connection.ts'
import { pauseMs } from './pause.ts'

export interface WorkerSettings {
  namespace: string
  /** What `createActivities` made. */
  activities: object
  bundle: WorkflowBundleOption
  /** The longest that one attempt may take, all in all: a worker that stops lets attempts in flight finish. */
  attemptTimeoutMsMax: number
  /** Name of the process in Temporal's Web UI. */
  identity?: string
  /** `postrider` by default. */
  taskQueue?: string
}

/** An attempt whose answer came in the last moment is recorded still. */
const RECORD_GRACE_MS = 10_000

/**
 * With the SDK's default of 40 slots a tenth of the eager starts was dropped, because quick first attempts hold their
 * slot until they are answered.
 */
const WORKFLOW_SLOTS = 200
const WORKFLOW_POLLERS = 2
/**
 * Attempts mostly wait for a network. A webhook can hold no more of them than its concurrency allows, so that slow ones
 * do not use them up.
 */
const ACTIVITY_SLOTS = 500
const ACTIVITY_POLLERS = 4
const LOCAL_ACTIVITY_SLOTS = WORKFLOW_SLOTS
/**
 * Enough for what is being worked on. A delivery that sleeps for hours needs no place in memory: it wakes up from its
 * short history, so that a hundred thousand sleeping ones cost no more than a thousand.
 */
const CACHED_WORKFLOWS_MAX = 600

export async function createDeliveryWorker(
  connection: NativeConnection,
  { namespace, activities, bundle, attemptTimeoutMsMax, identity, taskQueue = TASK_QUEUE }: WorkerSettings,
): Promise<Worker> {
  const graceMs = attemptTimeoutMsMax + RECORD_GRACE_MS
  return Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: bundle,
    activities,
    ...(identity === undefined ? {} : { identity }),
    // 0 by default, which would cut off attempts in flight.
    shutdownGraceTime: graceMs,
    shutdownForceTime: graceMs + RECORD_GRACE_MS,
    maxConcurrentWorkflowTaskExecutions: WORKFLOW_SLOTS,
    maxConcurrentWorkflowTaskPolls: WORKFLOW_POLLERS,
    maxConcurrentActivityTaskExecutions: ACTIVITY_SLOTS,
    maxConcurrentActivityTaskPolls: ACTIVITY_POLLERS,
    maxConcurrentLocalActivityExecutions: LOCAL_ACTIVITY_SLOTS,
    maxCachedWorkflows: CACHED_WORKFLOWS_MAX,
  })
}

export interface RunningWorker {
  /** How many workflow tasks could be taken right now; 0 while there is no worker. */
  freeWorkflowSlots: () => number
  isRunning: () => boolean
  /** Takes no more work, lets attempts in flight finish and be recorded, and resolves then. */
  stop: () => Promise<void>
}

/** Between two workers, when one has ended by itself. */
const RESTART_DELAY_MS = 2_000

/**
 * Keeps a worker running until it is stopped: Temporal may be away at the start and at any time later. `onFailure` is
 * told when a worker could not be made or has ended by itself; the next one follows.
 */
export function runWorker(
  link: Pick<WorkerLink, 'connection'>,
  settings: WorkerSettings,
  onFailure: (error: unknown) => void,
): RunningWorker {
  const stopping = new AbortController()
  const stopped = once(stopping.signal, 'abort').then(() => undefined)
  const isStopping = (): boolean => stopping.signal.aborted
  let worker: Worker | undefined

  const runOnce = async (): Promise<void> => {
    const connection = await Promise.race([link.connection(), stopped])
    if (connection === undefined) return
    const made = await createDeliveryWorker(connection, settings)
    worker = made
    const ending = made.run()
    // Asked to stop while it was made: only a worker that runs lets go of its connection.
    if (isStopping()) made.shutdown()
    try {
      await ending
    } finally {
      worker = undefined
    }
  }
  const keepRunning = async (): Promise<void> => {
    while (!isStopping()) {
      try {
        await runOnce()
      } catch (error) {
        if (!isStopping()) onFailure(error)
      }
      if (!isStopping()) await pauseMs(RESTART_DELAY_MS, stopping.signal)
    }
  }
  const ended = keepRunning()

  return {
    freeWorkflowSlots: () => (worker === undefined ? 0 : freeSlotsOf(worker)),
    isRunning: () => worker?.getState() === 'RUNNING',
    async stop() {
      stopping.abort()
      if (worker?.getState() === 'RUNNING') worker.shutdown()
      await ended
    },
  }
}

/** A quick first attempt holds its workflow's slot although its activation is through. */
function freeSlotsOf(worker: Worker): number {
  if (worker.getState() !== 'RUNNING') return 0
  const { numInFlightWorkflowActivations, numInFlightLocalActivities } = worker.getStatus()
  return WORKFLOW_SLOTS - WORKFLOW_POLLERS - numInFlightWorkflowActivations - numInFlightLocalActivities
}
