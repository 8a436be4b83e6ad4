import type { AttemptRecord } from '../db/attempts.ts'
import type { Sql } from '../db/database.ts'
import { type GivenUp, giveUpLeases, type LeasedDelivery, renewLease } from '../db/first-attempts.ts'
import { deliverWorkflowId } from '../domain/delivery.ts'
import { buildRequest, maskSignatures } from '../sending/request.ts'
import type { Sender } from '../sending/sender.ts'
import { toRecord } from '../usecases/attempt-delivery.ts'
import type { Target } from '../usecases/target-cache.ts'
import type { WebhookGate } from '../usecases/webhook-gate.ts'
import { WebhookQueues } from './webhook-queues.ts'

export const LEASE_SECONDS = 45
const LEASE_MS = LEASE_SECONDS * 1_000
/** What must be left of a lease beside the attempt's own timeout. */
const LEASE_MARGIN_MS = 5_000
const QUEUE_MAX = 2_000
const QUEUE_BYTES_MAX = 64 * 1024 * 1024
const IN_FLIGHT_MAX = 1_000
const UNRECORDED_MAX = 5_000
/** A webhook may queue here what can probably be sent within this time; the rest waits in the database. */
const ROOM_MS = 10_000
const RETURN_MS = 1_000

export interface DirectLaneDeps {
  sql: Sql
  /** Names this process in the leases. */
  token: string
  gate: Pick<WebhookGate, 'tryEnter' | 'obstacle' | 'roomWithin'>
  send: Sender['send']
  /** The webhooks as they stand now, ready to be called; deleted ones are missing. */
  loadTargets: (webhookIds: readonly string[]) => Promise<ReadonlyMap<string, Target>>
  /** Holds or cancels a delivery of ours whose webhook is off or gone. */
  settleWithout: (deliveryId: string) => Promise<void>
  /** Records what was met and sees to what is left to do. Resolves when it is recorded, however long that takes. */
  record: (delivery: LeasedDelivery, target: Target, record: AttemptRecord) => Promise<void>
  logFault: (message: string, error: unknown) => void
}

interface Queued {
  webhookId: string
  delivery: LeasedDelivery
  target: Target
  /** Monotonic clock, milliseconds: since before the lease was asked for. */
  leasedAt: number
}

export interface DirectLane {
  /** How many more deliveries it would take on now. */
  capacity(): number
  /** Takes on deliveries leased to this process. `leasedAt` is performance.now() before the lease was asked for. */
  take(deliveries: readonly LeasedDelivery[], leasedAt: number): void
  /** A webhook has a place free again. */
  wake(webhookId: string): void
  /** Gives back what is queued and waits for what is in flight. */
  stop(): Promise<void>
}

/** First attempts without a workflow: many at a time, each under a lease, through the same gate, sender and recorder. */
export function createDirectLane(deps: DirectLaneDeps): DirectLane {
  const queues = new WebhookQueues<Queued>()
  const running = new Set<Promise<void>>()
  let queuedBytes = 0
  let inFlight = 0
  let unrecorded = 0
  let loading = 0
  let isStopped = false
  let returned: GivenUp[] = []

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        deps.logFault('A first attempt could not be made.', error)
      })
      .then(() => {
        running.delete(tracked)
      })
    running.add(tracked)
  }

  /** Leases go back in batches: whatever is given up while one statement is under way goes with the next. */
  function giveUp(deliveryId: string, retryInMs: number, isDeferred: boolean): void {
    returned.push({ deliveryId, retryInMs, isDeferred })
    if (returned.length > 1) return
    track(
      new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        const batch = returned
        returned = []
        return giveUpLeases(deps.sql, deps.token, batch)
      }),
    )
  }

  async function enqueue(deliveries: readonly LeasedDelivery[], leasedAt: number): Promise<void> {
    loading += deliveries.length
    try {
      const targets = await deps.loadTargets([...new Set(deliveries.map(({ webhookId }) => webhookId))])
      for (const delivery of deliveries) admit(delivery, targets.get(delivery.webhookId), leasedAt)
    } catch (error) {
      for (const { id } of deliveries) giveUp(id, RETURN_MS, false)
      throw error
    } finally {
      loading -= deliveries.length
      pump()
    }
  }

  function admit(delivery: LeasedDelivery, target: Target | undefined, leasedAt: number): void {
    const { id, webhookId } = delivery
    if (isStopped) {
      giveUp(id, 0, false)
      return
    }
    if (target?.enabled !== true || target.isDeleted) {
      track(
        deps.settleWithout(id).finally(() => {
          giveUp(id, RETURN_MS, false)
        }),
      )
      return
    }
    if (queues.lengthOf(webhookId) >= deps.gate.roomWithin(webhookId, target.concurrency, ROOM_MS)) {
      const answer = deps.gate.tryEnter(requestOf({ delivery, target }))
      if (answer.kind === 'defer') giveUp(id, answer.retryInMs, true)
      else {
        answer.pass.leave(null)
        giveUp(id, RETURN_MS, true)
      }
      return
    }
    queuedBytes += delivery.payload.length
    queues.add({ webhookId, delivery, target, leasedAt })
  }

  function pump(): void {
    while (inFlight < IN_FLIGHT_MAX && unrecorded < UNRECORDED_MAX) {
      const next = queues.take((item) => mayGo(item))
      if (next === undefined) return
      queuedBytes -= next.delivery.payload.length
      track(attempt(next))
    }
  }

  /** A full cap sets the webhook aside until a place is free; everything else is decided when its turn is taken. */
  function mayGo(item: Queued): boolean {
    return deps.gate.obstacle(requestOf(item)) !== 'cap'
  }

  async function attempt(queued: Queued): Promise<void> {
    const { delivery, target } = queued
    const answer = deps.gate.tryEnter(requestOf(queued))
    if (answer.kind === 'defer') {
      giveUp(delivery.id, answer.retryInMs, true)
      return
    }
    inFlight += 1
    let record: AttemptRecord
    try {
      record = await post(deps, queued)
    } catch (error) {
      answer.pass.leave(null)
      giveUp(delivery.id, RETURN_MS, false)
      throw error
    } finally {
      inFlight -= 1
    }
    const { statusCode, retryAfterMs } = record
    answer.pass.leave({ isFailure: record.failure !== null, statusCode, retryAfterMs })
    unrecorded += 1
    pump()
    try {
      await deps.record(delivery, target, record)
    } finally {
      unrecorded -= 1
      pump()
    }
  }

  return {
    capacity() {
      if (isStopped || queuedBytes > QUEUE_BYTES_MAX) return 0
      return Math.max(0, QUEUE_MAX - queues.size - loading - unrecorded)
    },
    take(deliveries, leasedAt) {
      if (deliveries.length > 0) track(enqueue(deliveries, leasedAt))
    },
    wake(webhookId) {
      queues.wake(webhookId)
      pump()
    },
    async stop() {
      isStopped = true
      for (const { delivery } of queues.drain()) giveUp(delivery.id, 0, false)
      while (running.size > 0) await Promise.all(running)
    },
  }
}

function requestOf({ delivery, target }: Pick<Queued, 'delivery' | 'target'>) {
  return {
    webhookId: delivery.webhookId,
    deliveryId: delivery.id,
    concurrency: target.concurrency,
    isManual: false,
  }
}

/** Posts only under a lease that outlasts the attempt: the process may have been paused since it was granted. */
async function post(deps: DirectLaneDeps, { delivery, target, leasedAt }: Queued): Promise<AttemptRecord> {
  const leaseLeftMs = leasedAt + LEASE_MS - performance.now()
  if (leaseLeftMs < target.timeoutMs + LEASE_MARGIN_MS) {
    const isRenewed = await renewLease(deps.sql, delivery.id, deps.token, LEASE_SECONDS)
    if (!isRenewed) throw new Error('The lease of a delivery was lost before its attempt.')
  }
  const nowMs = Date.now()
  const request = buildRequest(toOutgoing(delivery), target.signingKeysAt(nowMs), target.headers, nowMs)
  const exchange = await deps.send({
    url: target.url,
    ...request,
    timeoutMs: target.timeoutMs,
    confidential: target.confidentialTexts(),
  })
  return toRecord(exchange, { number: delivery.number, trigger: 'schedule' }, maskSignatures(request.headers))
}

function toOutgoing(delivery: LeasedDelivery) {
  return {
    deliveryId: delivery.id,
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    eventTimestamp: delivery.timestamp.toISOString(),
    workflowId: delivery.workflowId ?? deliverWorkflowId(delivery.id),
    data: delivery.payload,
    attemptNumber: delivery.number,
  }
}
