import type { AttemptRecord } from '../db/attempts.ts'
import type { Sql } from '../db/database.ts'
import { type GivenUp, giveUpLeases, type LeasedDelivery, renewLease } from '../db/first-attempts.ts'
import { deliverWorkflowId } from '../domain/delivery.ts'
import { buildRequest } from '../sending/request.ts'
import type { Sender } from '../sending/sender.ts'
import { toRecord } from '../usecases/attempt-delivery.ts'
import type { Target } from '../usecases/target-cache.ts'
import type { GateRequest, WebhookGate } from '../usecases/webhook-gate.ts'
import { WebhookQueues } from './webhook-queues.ts'

export const LEASE_SECONDS = 45
const LEASE_MS = LEASE_SECONDS * 1_000
/** What must be left of a lease beside the attempt's own timeout. */
const LEASE_MARGIN_MS = 5_000
/** Room for some events that match many webhooks: what finds none costs two more statements. */
const QUEUE_MAX = 6_000
const QUEUE_BYTES_MAX = 64 * 1024 * 1024
const IN_FLIGHT_MAX = 1_000
const UNRECORDED_MAX = 5_000
/** For how long attempts are begun in one go: on open connections some twenty, on new ones two or three. */
const SLICE_MS = 1
/** A webhook may queue here what can probably be sent within this time; the rest waits in the database. */
const ROOM_MS = 10_000
const RETURN_MS = 1_000
/** How often it is seen to that no webhook holds more of the queue than it will use. */
const SHED_MS = 1_000

export interface DirectLaneDeps {
  sql: Sql
  /** Names this process in the leases. */
  token: string
  gate: Pick<WebhookGate, 'tryEnter' | 'obstacle' | 'roomWithin' | 'isQuick'>
  send: Sender['send']
  /** The webhooks, ready to be called, at these versions or newer ones; those that are gone are missing. */
  loadTargets: (versions: ReadonlyMap<string, number | null>) => Promise<ReadonlyMap<string, Target>>
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
  /** What is asked of the gate. */
  request: GateRequest
}

/** First attempts without a workflow: many at a time, each under a lease, through the same gate, sender and recorder. */
export class DirectLane {
  readonly #deps: DirectLaneDeps
  readonly #queues: WebhookQueues<Queued>
  readonly #idle = Promise.withResolvers<undefined>()
  #running = 0
  #queuedBytes = 0
  #inFlight = 0
  #unrecorded = 0
  #loading = 0
  #isStopped = false
  /** Nothing is taken on or given back any more. */
  #isOver = false
  #isPumping = false
  #returned: GivenUp[] = []
  #shedding: NodeJS.Timeout | undefined

  constructor(deps: DirectLaneDeps) {
    this.#deps = deps
    this.#queues = new WebhookQueues((webhookId) => deps.gate.isQuick(webhookId))
  }

  /** How many more deliveries it would take on now. */
  get capacity(): number {
    if (this.#isStopped || this.#queuedBytes > QUEUE_BYTES_MAX) return 0
    return Math.max(0, QUEUE_MAX - this.#queues.size - this.#loading - this.#unrecorded)
  }

  /** Takes on deliveries leased to this process. `leasedAt` is performance.now() before the lease was asked for. */
  take(deliveries: readonly LeasedDelivery[], leasedAt: number): void {
    if (deliveries.length === 0) return
    this.#track(this.#enqueue(deliveries, leasedAt))
    this.#shedding ??= setInterval(() => {
      this.#shed()
    }, SHED_MS)
  }

  /** A webhook has a place free again. */
  wake(webhookId: string): void {
    this.#queues.wake(webhookId)
    this.#pump()
  }

  /** Gives back what is queued and waits for what is in flight. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#shedding)
    for (const { delivery } of this.#queues.drain()) this.#giveUp(delivery.id, 0, false)
    this.#isOver = true
    if (this.#running > 0) await this.#idle.promise
  }

  #track(work: Promise<void>): void {
    this.#running += 1
    work.then(this.#ended, (error: unknown) => {
      this.#deps.logFault('A first attempt could not be made.', error)
      this.#ended()
    })
  }

  readonly #ended = (): void => {
    this.#running -= 1
    if (this.#isOver && this.#running === 0) this.#idle.resolve(undefined)
  }

  /** Leases go back in batches: whatever is given up while one statement is prepared goes with it. */
  #giveUp(deliveryId: string, retryInMs: number, isDeferred: boolean): void {
    this.#returned.push({ deliveryId, retryInMs, isDeferred })
    if (this.#returned.length > 1) return
    const { sql, token } = this.#deps
    const send = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve))
      const batch = this.#returned
      this.#returned = []
      await giveUpLeases(sql, token, batch)
    }
    this.#track(send())
  }

  async #enqueue(deliveries: readonly LeasedDelivery[], leasedAt: number): Promise<void> {
    this.#loading += deliveries.length
    try {
      const versions = new Map(deliveries.map(({ webhookId, webhookVersion }) => [webhookId, webhookVersion]))
      const targets = await this.#deps.loadTargets(versions)
      for (const delivery of deliveries) this.#admit(delivery, targets.get(delivery.webhookId), leasedAt)
    } catch (error) {
      for (const { id } of deliveries) this.#giveUp(id, RETURN_MS, false)
      throw error
    } finally {
      this.#loading -= deliveries.length
      this.#pump()
    }
  }

  #admit(delivery: LeasedDelivery, target: Target | undefined, leasedAt: number): void {
    const { id, webhookId } = delivery
    if (this.#isStopped) {
      this.#giveUp(id, 0, false)
      return
    }
    if (target?.enabled !== true || target.isDeleted) {
      const settling = this.#deps.settleWithout(id).finally(() => {
        this.#giveUp(id, RETURN_MS, false)
      })
      this.#track(settling)
      return
    }
    const request = { webhookId, deliveryId: id, concurrency: target.concurrency, isManual: false }
    if (
      this.#queues.lengthOf(webhookId) >= this.#deps.gate.roomWithin(webhookId, target.concurrency, ROOM_MS)
    ) {
      this.#giveUp(id, this.#turnFor(request), true)
      return
    }
    this.#queuedBytes += delivery.payload.length
    this.#queues.add({ webhookId, delivery, target, leasedAt, request })
  }

  /** An endpoint that has begun to hang must not keep the queue full of what it will not take for long. */
  #shed(): void {
    const { gate } = this.#deps
    const roomFor = ({ webhookId, target }: Queued) => gate.roomWithin(webhookId, target.concurrency, ROOM_MS)
    for (const queued of this.#queues.shed(roomFor)) {
      this.#queuedBytes -= queued.delivery.payload.length
      this.#giveUp(queued.delivery.id, this.#turnFor(queued.request), true)
    }
  }

  /** When a delivery that finds no room here may come back. */
  #turnFor(request: GateRequest): number {
    const answer = this.#deps.gate.tryEnter(request)
    if (answer.kind === 'defer') return answer.retryInMs
    answer.pass.leave(null)
    return RETURN_MS
  }

  /** Sends what may go, a few at a time, so that a burst does not hold up what comes in meanwhile. */
  #pump(): void {
    if (this.#isPumping) return
    const sliceEndsAt = performance.now() + SLICE_MS
    while (this.#inFlight < IN_FLIGHT_MAX && this.#unrecorded < UNRECORDED_MAX) {
      if (performance.now() > sliceEndsAt) {
        this.#isPumping = true
        setImmediate(() => {
          this.#isPumping = false
          this.#pump()
        })
        return
      }
      // A full cap sets the webhook aside until a place is free; everything else is decided when its turn is taken.
      const next = this.#queues.take(({ request }) => this.#deps.gate.obstacle(request) !== 'cap')
      if (next === undefined) return
      this.#queuedBytes -= next.delivery.payload.length
      this.#track(this.#attempt(next))
    }
  }

  async #attempt(queued: Queued): Promise<void> {
    const { delivery, target, request } = queued
    const answer = this.#deps.gate.tryEnter(request)
    if (answer.kind === 'defer') {
      this.#giveUp(delivery.id, answer.retryInMs, true)
      return
    }
    this.#inFlight += 1
    let record: AttemptRecord
    try {
      record = await post(this.#deps, queued)
    } catch (error) {
      answer.pass.leave(null)
      this.#giveUp(delivery.id, RETURN_MS, false)
      throw error
    } finally {
      this.#inFlight -= 1
    }
    this.#unrecorded += 1
    const { statusCode, retryAfterMs } = record
    answer.pass.leave({ isFailure: record.failure !== null, statusCode, retryAfterMs })
    try {
      await this.#deps.record(delivery, target, record)
    } finally {
      this.#unrecorded -= 1
      this.#pump()
    }
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
    headers: request.headers,
    body: request.body,
    timeoutMs: target.timeoutMs,
    confidential: target.confidentialTexts(),
  })
  return toRecord(exchange, { number: delivery.number, trigger: 'schedule' }, request.sentMark)
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
