import type { DeferralReason } from '../domain/deferred.ts'
import {
  isBreakerOpen,
  isLaneIdle,
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
  /** From so many attempts in flight on, slow webhooks get fewer places. */
  fullAt?: number
  /** A monotonic clock in milliseconds. */
  now?: () => number
  random?: () => number
  /** A place has become free and nobody who waits here took it. */
  onRoom?: (webhookId: string) => void
  onBreaker?: (webhookId: string, change: 'opened' | 'closed') => void
}

const FULL_AT = 400
/** As many attempts as a webhook has places may wait for one; longer than this only in the database. */
const QUEUE_MS = 500
const LANES_MAX = 20_000
/** A webhook that answers faster than this, on average, and has not failed lately. */
const QUICK_MS = 300

interface Queued {
  request: GateRequest
  wake: (answer: GateAnswer) => void
  timer: NodeJS.Timeout
}

interface Gate {
  lane: WebhookLane
  queue: Queued[]
  /** Whether an attempt of this process was accepted since the lane was opened. */
  isProven: boolean
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
  readonly #gates = new Map<string, Gate>()
  #inFlight = 0

  constructor(options: WebhookGateOptions = {}) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#random = options.random ?? Math.random
    this.#fullAt = options.fullAt ?? FULL_AT
  }

  /** Attempts in flight in this process. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Lets in, defers, or waits a moment for a place that may become free. */
  enter(request: GateRequest): Promise<GateAnswer> {
    const gate = this.#gateOf(request.webhookId)
    if (!this.#mayQueue(gate, request)) return Promise.resolve(this.tryEnter(request))
    return new Promise((wake) => {
      const queued: Queued = {
        request,
        wake,
        timer: setTimeout(() => {
          gate.queue.splice(gate.queue.indexOf(queued), 1)
          wake(this.tryEnter(request))
        }, QUEUE_MS),
      }
      gate.queue.push(queued)
    })
  }

  /** The same without waiting. */
  tryEnter(request: GateRequest): GateAnswer {
    const gate = this.#gateOf(request.webhookId)
    const obstacle = this.#obstacleOf(gate, request)
    return obstacle === null ? this.#admit(gate, request) : this.#defer(gate, request, obstacle)
  }

  /** What `tryEnter` would defer for; null when it would let in. Takes no turn. */
  obstacle(request: GateRequest): DeferralReason | null {
    return this.#obstacleOf(this.#gateOf(request.webhookId), request)
  }

  /** How many attempts of a webhook can probably be made within so many milliseconds. */
  roomWithin(webhookId: string, concurrency: number, ms: number): number {
    const { lane } = this.#gateOf(webhookId)
    return Math.ceil((placesOf(lane, concurrency, this.#isFull()) * ms) / Math.max(1, lane.averageMs))
  }

  /** Whether a webhook is known here to be healthy and quick. */
  isQuick(webhookId: string): boolean {
    const gate = this.#gates.get(webhookId)
    return (
      gate !== undefined && gate.isProven && gate.lane.failed.size === 0 && gate.lane.averageMs < QUICK_MS
    )
  }

  #isFull(): boolean {
    return this.#inFlight >= this.#fullAt
  }

  #gateOf(webhookId: string): Gate {
    const known = this.#gates.get(webhookId)
    if (known !== undefined) return known
    if (this.#gates.size >= LANES_MAX) this.#forgetIdle()
    const gate: Gate = { lane: openLane(), queue: [], isProven: false }
    this.#gates.set(webhookId, gate)
    return gate
  }

  #forgetIdle(): void {
    for (const [webhookId, { lane, queue }] of this.#gates)
      if (queue.length === 0 && isLaneIdle(lane, this.#now())) this.#gates.delete(webhookId)
  }

  #obstacleOf({ lane }: Gate, request: GateRequest): DeferralReason | null {
    return obstacleOf(lane, { ...request, isProcessFull: this.#isFull() }, this.#now())
  }

  #mayQueue(gate: Gate, request: GateRequest): boolean {
    if (this.#obstacleOf(gate, request) !== 'cap' || isBreakerOpen(gate.lane)) return false
    return gate.queue.length < placesOf(gate.lane, request.concurrency, this.#isFull())
  }

  #admit(gate: Gate, request: GateRequest): GateAnswer {
    gate.lane.inFlight += 1
    this.#inFlight += 1
    const startedAt = this.#now()
    let hasLeft = false
    const leave = (outcome: GateOutcome): void => {
      if (hasLeft) return
      hasLeft = true
      gate.lane.inFlight -= 1
      this.#inFlight -= 1
      if (outcome !== null) this.#learn(gate, request, outcome, this.#now() - startedAt)
      this.#serveQueue(gate)
      this.#options.onRoom?.(request.webhookId)
    }
    return { kind: 'enter', pass: { leave } }
  }

  #learn(gate: Gate, request: GateRequest, outcome: NonNullable<GateOutcome>, durationMs: number): void {
    const { deliveryId, webhookId, concurrency } = request
    gate.isProven ||= !outcome.isFailure
    const change = learnOutcome(gate.lane, { ...outcome, deliveryId, durationMs }, concurrency, this.#now())
    if (change !== null) this.#options.onBreaker?.(webhookId, change)
  }

  #defer({ lane }: Gate, request: GateRequest, reason: DeferralReason): GateAnswer {
    const laneRequest = { ...request, isProcessFull: this.#isFull() }
    return {
      kind: 'defer',
      reason,
      retryInMs: takeTurn(lane, reason, laneRequest, this.#now(), this.#random()),
    }
  }

  #serveQueue(gate: Gate): void {
    for (let next = gate.queue[0]; next !== undefined; next = gate.queue[0]) {
      const obstacle = this.#obstacleOf(gate, next.request)
      if (obstacle === 'cap') return
      gate.queue.shift()
      clearTimeout(next.timer)
      next.wake(
        obstacle === null ? this.#admit(gate, next.request) : this.#defer(gate, next.request, obstacle),
      )
    }
  }
}
