import type { DeferralReason } from './deferred.ts'

/** So many different deliveries in a row must fail before the breaker opens. */
const BREAKER_DELIVERIES = 10
/** A deferred attempt asks again no sooner and, but for its jitter, no later than this. */
const DEFER_MS_MIN = 200
const DEFER_MS_MAX = 300_000
const SLOW_MS = 1_000
/** While the process is full, a webhook that is slow, or that nobody knows yet, gets no more than this many places. */
const PLACES_WHEN_FULL = 2
const AVERAGE_WEIGHT = 0.2

/** What an attempt met, as far as its webhook's lane cares. */
export interface LaneOutcome {
  deliveryId: string
  isFailure: boolean
  statusCode: number | null
  /** Only from 429 and 503. */
  retryAfterMs: number | null
  durationMs: number
}

/**
 * How much of the process is taken: when it is `full`, slow webhooks get fewer places; when it is `brimming`, what is
 * left is for those known to be quick and for the first attempt of those that nobody knows yet.
 */
export type Fullness = 'free' | 'full' | 'brimming'

/** One attempt in flight. */
export interface LaneEntry {
  startedAt: number
}

/** How one process treats one webhook. Times are milliseconds of a monotonic clock. */
export interface WebhookLane {
  /** The oldest first. */
  inFlight: Set<LaneEntry>
  /** The cap as adapted to what the endpoint bears; never above the webhook's own. */
  adaptedCap: number
  successesAtCap: number
  /** Deliveries that failed since the last success; the breaker is open when there are enough of them. */
  failed: Set<string>
  /** Until when the endpoint asked for a pause, and by whose answer. */
  pausedUntil: number
  pausedBy: string | null
  averageMs: number
  /** Whether an attempt was accepted since the lane was opened. */
  isProven: boolean
  /** When the next deferred attempt may ask again. */
  nextTurnAt: number
}

export function openLane(): WebhookLane {
  return {
    inFlight: new Set(),
    adaptedCap: Infinity,
    successesAtCap: 0,
    failed: new Set(),
    pausedUntil: 0,
    pausedBy: null,
    averageMs: 50,
    isProven: false,
    nextTurnAt: 0,
  }
}

export function isBreakerOpen(lane: WebhookLane): boolean {
  return lane.failed.size >= BREAKER_DELIVERIES
}

/**
 * How long an attempt takes, in milliseconds: an endpoint that hangs shows it by the age of its oldest attempt long
 * before one of them ends.
 */
export function durationMsOf(lane: WebhookLane, now: number): number {
  const [oldest] = lane.inFlight
  return oldest === undefined ? lane.averageMs : Math.max(lane.averageMs, now - oldest.startedAt)
}

export function isSlow(lane: WebhookLane, now: number): boolean {
  return durationMsOf(lane, now) > SLOW_MS
}

/** Attempts that may be in flight now, given the webhook's own cap and how full the process is. */
export function placesOf(lane: WebhookLane, concurrency: number, fullness: Fullness, now: number): number {
  const own = isBreakerOpen(lane) ? 1 : Math.max(1, Math.min(concurrency, Math.floor(lane.adaptedCap)))
  if (fullness === 'free') return own
  if (isSlow(lane, now)) return fullness === 'full' ? Math.min(own, PLACES_WHEN_FULL) : 0
  if (lane.isProven) return own
  return Math.min(own, fullness === 'full' ? PLACES_WHEN_FULL : 1)
}

export interface LaneRequest {
  deliveryId: string
  concurrency: number
  /** A manual retry waits for a place, but neither for the breaker nor for another delivery's Retry-After. */
  isManual: boolean
  fullness: Fullness
}

/** Why an attempt must wait; null when it may go now. */
export function obstacleOf(lane: WebhookLane, request: LaneRequest, now: number): DeferralReason | null {
  const { concurrency, isManual, fullness, deliveryId } = request
  if (isManual) return lane.inFlight.size < Math.max(1, concurrency) ? null : 'cap'
  if (lane.pausedUntil > now && lane.pausedBy !== deliveryId) return 'retry_after'
  const places = placesOf(lane, concurrency, fullness, now)
  if (lane.inFlight.size < places) return null
  if (places === 0) return 'overload'
  return isBreakerOpen(lane) ? 'breaker' : 'cap'
}

/**
 * Hands out turns: each deferred attempt is told to come back when those before it have probably been sent, so that a
 * backlog comes back spread out and in order. `random` (0 ≤ x < 1) spreads those beyond the longest deferral.
 */
export function takeTurn(
  lane: WebhookLane,
  reason: DeferralReason,
  request: LaneRequest,
  now: number,
  random: number,
): number {
  const notBefore = reason === 'retry_after' ? lane.pausedUntil : now
  const places = Math.max(1, placesOf(lane, request.concurrency, request.fullness, now))
  const pace = Math.max(1, durationMsOf(lane, now) / places)
  lane.nextTurnAt = Math.max(lane.nextTurnAt, notBefore) + pace
  const deferMs = lane.nextTurnAt - now
  const pauseMs = notBefore - now
  if (deferMs - pauseMs <= DEFER_MS_MAX) return Math.max(DEFER_MS_MIN, Math.ceil(deferMs))
  lane.nextTurnAt = Math.min(lane.nextTurnAt, notBefore + DEFER_MS_MAX)
  return Math.ceil(pauseMs + DEFER_MS_MAX * (1 + random / 2))
}

/** Learns from an attempt that was made. Answers what the breaker did. */
export function learnOutcome(
  lane: WebhookLane,
  outcome: LaneOutcome,
  concurrency: number,
  now: number,
): 'opened' | 'closed' | null {
  lane.averageMs += AVERAGE_WEIGHT * (outcome.durationMs - lane.averageMs)
  if (outcome.retryAfterMs !== null && now + outcome.retryAfterMs > lane.pausedUntil) {
    lane.pausedUntil = now + outcome.retryAfterMs
    lane.pausedBy = outcome.deliveryId
  }
  const wasOpen = isBreakerOpen(lane)
  if (!outcome.isFailure) {
    lane.failed.clear()
    lane.isProven = true
    growCap(lane, concurrency)
    if (!wasOpen) return null
    // The endpoint is back: those who were deferred far into the future are not waited for by those who come now.
    lane.nextTurnAt = now
    return 'closed'
  }
  if (lane.failed.size < BREAKER_DELIVERIES) lane.failed.add(outcome.deliveryId)
  if (outcome.statusCode === 429 || outcome.statusCode === 503) {
    lane.adaptedCap = Math.max(1, Math.min(lane.adaptedCap, concurrency) / 2)
    lane.successesAtCap = 0
  }
  return !wasOpen && isBreakerOpen(lane) ? 'opened' : null
}

/** One place more after as many successes as there are places: it takes a while to be trusted again. */
function growCap(lane: WebhookLane, concurrency: number): void {
  if (lane.adaptedCap >= concurrency) return
  lane.successesAtCap += 1
  if (lane.successesAtCap < lane.adaptedCap) return
  lane.adaptedCap = Math.min(concurrency, Math.floor(lane.adaptedCap) + 1)
  lane.successesAtCap = 0
}

/** A lane that holds nothing worth remembering. */
export function isLaneIdle(lane: WebhookLane, now: number): boolean {
  return (
    lane.inFlight.size === 0 && lane.failed.size === 0 && lane.pausedUntil <= now && lane.nextTurnAt <= now
  )
}
