import type { DeferralReason } from '../domain/deferred.ts'
import {
  durationMsOf,
  type Fullness,
  isBreakerOpen,
  isLaneIdle,
  isSlow,
  type LaneEntry,
  learnOutcome,
  obstacleOf,
  openLane,
  placesOf,
  takeTurn,
  type WebhookLane,
} from '../domain/webhook-lane.ts'

/** What a gate needs to know of an attempt that wants to go out. */
export interface GateRequest {
  webhookId: string
  deliveryId: string
  /** The webhook's cap on attempts in flight in this process. */
  concurrency: number
  isManual: boolean
}

/** What an attempt met; null when it was not made after all. */
export type GateOutcome = {
  isFailure: boolean
  statusCode: number | null
  retryAfterMs: number | null
} | null

export interface GatePass {
  /** Gives the place back. */
  leave(outcome: GateOutcome): void
}

export type GateAnswer =
  { kind: 'enter'; pass: GatePass } | { kind: 'defer'; reason: DeferralReason; retryInMs: number }

/** Decides, per webhook and in this process, who may send now. */
export type EnterGate = (request: GateRequest) => Promise<GateAnswer>

export interface WebhookGateOptions {
  /** From so many attempts in flight or waiting for a place on, slow webhooks get fewer places. */
  fullAt?: number
  /** From so many on they get none. */
  brimmingAt?: number
  /** A monotonic clock in milliseconds. */
  now?: () => number
  random?: () => number
  /** A place has become free and nobody who waits here took it. */
  onRoom?: (webhookId: string) => void
  onBreaker?: (webhookId: string, change: 'opened' | 'closed') => void
}

/** Well below the number of activities that a worker runs at once: what is left is for webhooks that answer. */
const FULL_AT = 300
const BRIMMING_AT = 400
/** As many attempts as a webhook has places may wait for one; longer than this only in the database. */
const QUEUE_MS = 500
const LANES_MAX = 20_000
/** Whoever has not accepted anything yet is expected to take no more than so many per place. */
const UNPROVEN_ROOM = 4
/** A webhook that answers faster than this, on average, and has not failed lately. */
const QUICK_MS = 300
/** For how long a success that came fast is remembered. */
const SERVING_MS = 1_000

interface Queued {
  request: GateRequest
  wake: (answer: GateAnswer) => void
  timer: NodeJS.Timeout
}

interface Gate {
  lane: WebhookLane
  /** The webhook's cap as its last attempt knew it. */
  concurrency: number
  queue: Queued[]
}

/**
 * The cap, the breaker and the pauses of every webhook, as one process keeps them. A few attempts wait here for a place,
 * so that a busy webhook's places never stand empty; all others are deferred and hold nothing of this process.
 */
export class WebhookGate {
  readonly #options: WebhookGateOptions
  readonly #now: () => number
  readonly #random: () => number
  readonly #fullAt: number
  readonly #brimmingAt: number
  readonly #gates = new Map<string, Gate>()
  #inFlight = 0
  #queued = 0
  #servedQuickAt = -Infinity

  constructor(options: WebhookGateOptions = {}) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#random = options.random ?? Math.random
    this.#fullAt = options.fullAt ?? FULL_AT
    this.#brimmingAt = options.brimmingAt ?? BRIMMING_AT
  }

  /** Attempts in flight in this process. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Lets in, defers, or waits a moment for a place that may become free. */
  enter(request: GateRequest): Promise<GateAnswer> {
    const gate = this.#gateOf(request.webhookId)
    gate.concurrency = request.concurrency
    if (!this.#mayQueue(gate, request)) return Promise.resolve(this.tryEnter(request))
    return new Promise((wake) => {
      const queued: Queued = {
        request,
        wake,
        timer: setTimeout(() => {
          gate.queue.splice(gate.queue.indexOf(queued), 1)
          this.#queued -= 1
          wake(this.tryEnter(request))
        }, QUEUE_MS),
      }
      gate.queue.push(queued)
      this.#queued += 1
    })
  }

  /** The same without waiting. */
  tryEnter(request: GateRequest): GateAnswer {
    const gate = this.#gateOf(request.webhookId)
    gate.concurrency = request.concurrency
    const obstacle = this.#obstacleOf(gate, request)
    return obstacle === null ? this.#admit(gate, request) : this.#defer(gate, request, obstacle)
  }

  /**
   * How long a delivery had better not even be begun, in milliseconds: its webhook is paused, broken, or slow and has no
   * place free. Null when it may begin, as far as this process knows.
   */
  turnAway(webhookId: string, deliveryId: string): number | null {
    const gate = this.#gates.get(webhookId)
    if (gate === undefined) return null
    const request = { webhookId, deliveryId, concurrency: gate.concurrency, isManual: false }
    const obstacle = this.#obstacleOf(gate, request)
    if (obstacle === null) return null
    if (obstacle === 'cap' && !isSlow(gate.lane, this.#now())) return null
    return this.#turnOf(gate, request, obstacle)
  }

  /** What `tryEnter` would defer for; null when it would let in. Takes no turn. */
  obstacle(request: GateRequest): DeferralReason | null {
    return this.#obstacleOf(this.#gateOf(request.webhookId), request)
  }

  /** How many attempts of a webhook can probably be made within so many milliseconds. */
  roomWithin(webhookId: string, concurrency: number, ms: number): number {
    const { lane } = this.#gateOf(webhookId)
    const places = placesOf(lane, concurrency, this.#fullness(), this.#now())
    const room = Math.ceil((places * ms) / Math.max(1, durationMsOf(lane, this.#now())))
    return lane.isProven ? room : Math.min(room, UNPROVEN_ROOM * places)
  }

  /** Whether a webhook is known here to be healthy and quick. */
  isQuick(webhookId: string): boolean {
    const lane = this.#gates.get(webhookId)?.lane
    if (lane?.isProven !== true || lane.failed.size > 0) return false
    return durationMsOf(lane, this.#now()) < QUICK_MS
  }

  /** Whether webhooks that answer fast are being served: whatever can wait had better keep out of their way. */
  isServingQuick(): boolean {
    return this.#now() - this.#servedQuickAt < SERVING_MS
  }

  #fullness(): Fullness {
    const taken = this.#inFlight + this.#queued
    if (taken >= this.#brimmingAt) return 'brimming'
    return taken >= this.#fullAt ? 'full' : 'free'
  }

  #gateOf(webhookId: string): Gate {
    const known = this.#gates.get(webhookId)
    if (known !== undefined) return known
    if (this.#gates.size >= LANES_MAX) this.#forgetIdle()
    const gate: Gate = { lane: openLane(), concurrency: 1, queue: [] }
    this.#gates.set(webhookId, gate)
    return gate
  }

  #forgetIdle(): void {
    for (const [webhookId, { lane, queue }] of this.#gates)
      if (queue.length === 0 && isLaneIdle(lane, this.#now())) this.#gates.delete(webhookId)
  }

  #obstacleOf({ lane }: Gate, request: GateRequest): DeferralReason | null {
    const { deliveryId, concurrency, isManual } = request
    return obstacleOf(lane, { deliveryId, concurrency, isManual, fullness: this.#fullness() }, this.#now())
  }

  /** Whether a place will probably be free in a moment: who waits here holds something of this process. */
  #mayQueue(gate: Gate, request: GateRequest): boolean {
    const { lane, queue } = gate
    if (this.#obstacleOf(gate, request) !== 'cap' || isBreakerOpen(lane)) return false
    if (isSlow(lane, this.#now()) || (!lane.isProven && this.#fullness() !== 'free')) return false
    return queue.length < placesOf(lane, request.concurrency, this.#fullness(), this.#now())
  }

  #admit(gate: Gate, request: GateRequest): GateAnswer {
    const entry: LaneEntry = { startedAt: this.#now() }
    gate.lane.inFlight.add(entry)
    this.#inFlight += 1
    let hasLeft = false
    const leave = (outcome: GateOutcome): void => {
      if (hasLeft) return
      hasLeft = true
      gate.lane.inFlight.delete(entry)
      this.#inFlight -= 1
      if (outcome !== null) this.#learn(gate, request, outcome, this.#now() - entry.startedAt)
      this.#serveQueue(gate)
      this.#options.onRoom?.(request.webhookId)
    }
    return { kind: 'enter', pass: { leave } }
  }

  #learn(gate: Gate, request: GateRequest, outcome: NonNullable<GateOutcome>, durationMs: number): void {
    const { deliveryId, webhookId, concurrency } = request
    const change = learnOutcome(gate.lane, { ...outcome, deliveryId, durationMs }, concurrency, this.#now())
    if (!outcome.isFailure && durationMs < QUICK_MS) this.#servedQuickAt = this.#now()
    if (change !== null) this.#options.onBreaker?.(webhookId, change)
  }

  #defer(gate: Gate, request: GateRequest, reason: DeferralReason): GateAnswer {
    return { kind: 'defer', reason, retryInMs: this.#turnOf(gate, request, reason) }
  }

  #turnOf({ lane }: Gate, request: GateRequest, reason: DeferralReason): number {
    const laneRequest = { ...request, fullness: this.#fullness() }
    return takeTurn(lane, reason, laneRequest, this.#now(), this.#random())
  }

  #serveQueue(gate: Gate): void {
    for (let next = gate.queue[0]; next !== undefined; next = gate.queue[0]) {
      const obstacle = this.#obstacleOf(gate, next.request)
      if (obstacle === 'cap') return
      gate.queue.shift()
      this.#queued -= 1
      clearTimeout(next.timer)
      next.wake(
        obstacle === null ? this.#admit(gate, next.request) : this.#defer(gate, next.request, obstacle),
      )
    }
  }
}
