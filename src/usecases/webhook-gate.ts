import type { DeferralReason } from '../domain/deferred.ts'
import {
  isBreakerOpen,
  isLaneIdle,
  type LaneRequest,
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
export type GateOutcome = { isFailure: boolean; statusCode: number | null; retryAfterMs: number | null } | null

export interface GatePass {
  /** Gives the place back. */
  leave(outcome: GateOutcome): void
}

export type GateAnswer = { kind: 'enter'; pass: GatePass } | { kind: 'defer'; reason: DeferralReason; retryInMs: number }

/** Decides, per webhook and in this process, who may send now. */
export type EnterGate = (request: GateRequest) => Promise<GateAnswer>

export interface WebhookGate {
  enter: EnterGate
  /** The same without waiting a moment for a place that may become free. */
  tryEnter(request: GateRequest): GateAnswer
  /** What `tryEnter` would defer for; null when it would let in. Takes no turn. */
  obstacle(request: GateRequest): DeferralReason | null
  /** How many attempts of a webhook can probably be made within so many milliseconds. */
  roomWithin(webhookId: string, concurrency: number, ms: number): number
  /** Attempts in flight in this process. */
  inFlight(): number
}

export interface WebhookGateOptions {
  /** From so many attempts in flight on, slow webhooks get fewer places. */
  fullAt?: number
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

interface Queued {
  request: GateRequest
  wake: (answer: GateAnswer) => void
  timer: NodeJS.Timeout
}

interface Gate {
  lane: WebhookLane
  queue: Queued[]
}

/**
 * The cap, the breaker and the pauses of every webhook, as one process keeps them. A few attempts wait here for a place,
 * so that a busy webhook's places never stand empty; all others are deferred and hold nothing of this process.
 */
export function createWebhookGate(options: WebhookGateOptions = {}): WebhookGate {
  const now = options.now ?? (() => performance.now())
  const random = options.random ?? Math.random
  const fullAt = options.fullAt ?? FULL_AT
  const gates = new Map<string, Gate>()
  let inFlight = 0

  function gateOf(webhookId: string): Gate {
    const known = gates.get(webhookId)
    if (known !== undefined) return known
    if (gates.size >= LANES_MAX) forgetIdle()
    const gate: Gate = { lane: openLane(), queue: [] }
    gates.set(webhookId, gate)
    return gate
  }

  function forgetIdle(): void {
    for (const [webhookId, { lane, queue }] of gates)
      if (queue.length === 0 && isLaneIdle(lane, 0, now())) gates.delete(webhookId)
  }

  function toLaneRequest(request: GateRequest): LaneRequest {
    return { ...request, isProcessFull: inFlight >= fullAt }
  }

  function admit(gate: Gate, request: GateRequest): GateAnswer {
    gate.lane.inFlight += 1
    inFlight += 1
    const startedAt = now()
    let hasLeft = false
    return {
      kind: 'enter',
      pass: {
        leave(outcome) {
          if (hasLeft) return
          hasLeft = true
          gate.lane.inFlight -= 1
          inFlight -= 1
          if (outcome !== null) learn(gate, request, outcome, now() - startedAt)
          serveQueue(gate)
          options.onRoom?.(request.webhookId)
        },
      },
    }
  }

  function learn(gate: Gate, request: GateRequest, outcome: NonNullable<GateOutcome>, durationMs: number): void {
    const { deliveryId, webhookId, concurrency } = request
    const change = learnOutcome(gate.lane, { ...outcome, deliveryId, durationMs }, concurrency, now())
    if (change !== null) options.onBreaker?.(webhookId, change)
  }

  function defer(gate: Gate, request: GateRequest, reason: DeferralReason): GateAnswer {
    return { kind: 'defer', reason, retryInMs: takeTurn(gate.lane, reason, toLaneRequest(request), now(), random()) }
  }

  function serveQueue(gate: Gate): void {
    for (let next = gate.queue[0]; next !== undefined; next = gate.queue[0]) {
      const obstacle = obstacleOf(gate.lane, toLaneRequest(next.request), now())
      if (obstacle === 'cap') return
      gate.queue.shift()
      clearTimeout(next.timer)
      next.wake(obstacle === null ? admit(gate, next.request) : defer(gate, next.request, obstacle))
    }
  }

  function tryEnter(request: GateRequest): GateAnswer {
    const gate = gateOf(request.webhookId)
    const obstacle = obstacleOf(gate.lane, toLaneRequest(request), now())
    return obstacle === null ? admit(gate, request) : defer(gate, request, obstacle)
  }

  return {
    tryEnter,
    inFlight: () => inFlight,
    obstacle: (request) => obstacleOf(gateOf(request.webhookId).lane, toLaneRequest(request), now()),
    roomWithin(webhookId, concurrency, ms) {
      const { lane } = gateOf(webhookId)
      return Math.ceil((placesOf(lane, concurrency, inFlight >= fullAt) * ms) / Math.max(1, lane.averageMs))
    },
    enter(request) {
      const gate = gateOf(request.webhookId)
      const laneRequest = toLaneRequest(request)
      const obstacle = obstacleOf(gate.lane, laneRequest, now())
      const canQueue =
        obstacle === 'cap' &&
        !isBreakerOpen(gate.lane) &&
        gate.queue.length < placesOf(gate.lane, request.concurrency, laneRequest.isProcessFull)
      if (!canQueue) return Promise.resolve(tryEnter(request))
      return new Promise((wake) => {
        const queued: Queued = {
          request,
          wake,
          timer: setTimeout(() => {
            gate.queue.splice(gate.queue.indexOf(queued), 1)
            wake(tryEnter(request))
          }, QUEUE_MS),
        }
        gate.queue.push(queued)
      })
    },
  }
}
