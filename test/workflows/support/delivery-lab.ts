import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { Client, Connection, type WorkflowHandle } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import type { temporal } from '@temporalio/proto'

import { createActivities } from '../../../activities/index.ts'
import { deliverWorkflowId } from '../../../src/domain/delivery.ts'
import { loadWorkflowBundle } from '../../../src/temporal/bundle.ts'
import { openWorkerLink } from '../../../src/temporal/connection.ts'
import {
  createDeliveryStarter,
  type DeliveryStart,
  type DeliveryStarter,
} from '../../../src/temporal/delivery-starter.ts'
import { installRuntime } from '../../../src/temporal/runtime.ts'
import { runWorker, type RunningWorker } from '../../../src/temporal/worker.ts'
import type { deliver } from '../../../workflows/deliver.ts'
import { newRow, type StandInRow, standInRows, type StandInRows } from './stand-in-rows.ts'

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent
export type DeliverHandle = WorkflowHandle<typeof deliver>

/** A worker of the product on a real server, its rows in memory. */
export interface DeliveryLab extends StandInRows, AsyncDisposable {
  client: Client
  starter: DeliveryStarter
  worker: RunningWorker
  taskQueue: string
  /** Makes a row and what a start needs to know of it. */
  add: (
    row?: Partial<StandInRow>,
    start?: Partial<DeliveryStart>,
  ) => { row: StandInRow; delivery: DeliveryStart; handle: DeliverHandle }
}

export interface LabOptions {
  retrySignalWaitMs?: number
  /** Whether starts ask for an eager first task, as they do where API and worker share a process. */
  isEager?: boolean
  taskQueue?: string
}

let isRuntimeInstalled = false

export async function openLab(address: string, options: LabOptions = {}): Promise<DeliveryLab> {
  const { retrySignalWaitMs = 600_000, isEager = false, taskQueue = `test-${randomUUID()}` } = options
  if (!isRuntimeInstalled) installRuntime({ log: () => undefined })
  isRuntimeInstalled = true
  const standIns = standInRows()
  const link = openWorkerLink({ address, namespace: 'default', security: {} }, () => undefined)
  const connection = await Connection.connect({ address })
  const client = new Client({ connection })
  const worker = runWorker(
    link,
    {
      namespace: 'default',
      activities: createActivities(standIns.deps),
      bundle: await loadWorkflowBundle(join(tmpdir(), 'postrider-test-bundles')),
      attemptTimeoutMsMax: 1_000,
      taskQueue,
    },
    (error) => {
      standIns.faults.push(error)
    },
  )
  await until(() => worker.isRunning())
  const starter = createDeliveryStarter({
    client: link.client,
    retrySignalWaitMs,
    taskQueue,
    ...(isEager ? { freeWorkflowSlots: worker.freeWorkflowSlots } : {}),
  })
  return {
    ...standIns,
    client,
    starter,
    worker,
    taskQueue,
    add(more, start) {
      const deliveryId = randomUUID()
      const row = newRow(more)
      standIns.rows.set(deliveryId, row)
      const delivery = {
        deliveryId,
        workspaceId: randomUUID(),
        webhookId: randomUUID(),
        eventType: 'task.created',
        attemptsMade: 0,
        quick: false,
        ...start,
      }
      return {
        row,
        delivery,
        handle: client.workflow.getHandle<typeof deliver>(deliverWorkflowId(deliveryId)),
      }
    },
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await link.close()
      await connection.close()
    },
  }
}

/** Looks again every few milliseconds until it holds; fails after a minute. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`Did not come to hold within ${timeoutMs} ms: ${String(holds)}`)
    await delay(10)
  }
}

export async function historyOf(handle: Pick<DeliverHandle, 'fetchHistory'>): Promise<HistoryEvent[]> {
  return (await handle.fetchHistory()).events ?? []
}

/** A recorded timer: how long it was set for and what it tells operators. */
export interface TimerSeen {
  waitMs: number
  summary: string | undefined
}

export function timersIn(events: readonly HistoryEvent[]): TimerSeen[] {
  return events.flatMap(({ timerStartedEventAttributes: timer, userMetadata }) => {
    if (timer === undefined || timer === null) return []
    const { seconds, nanos } = timer.startToFireTimeout ?? {}
    const summary = userMetadata?.summary ?? undefined
    return {
      waitMs: Number(seconds ?? 0) * 1_000 + Math.round((nanos ?? 0) / 1e6),
      summary: summary === undefined ? undefined : defaultPayloadConverter.fromPayload<string>(summary),
    }
  })
}

export function upsertsIn(events: readonly HistoryEvent[]): number {
  return events.filter((event) => (event.upsertWorkflowSearchAttributesEventAttributes ?? null) !== null)
    .length
}
