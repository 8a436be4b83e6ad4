import type { Failure } from './attempt-outcome.ts'
import type { DeliveryState, Trigger } from './delivery.ts'

/** Why the workflow asks for an attempt. The row decides what really happens; see `decideAttempt`. */
export type AttemptReason =
  /** A run has just begun: the row may answer that there is still a wait to sleep. */
  | { kind: 'start' }
  /** The run's own timer fired. The row never refuses for the clock's sake: timers belong to Temporal. */
  | { kind: 'due' }
  /** A manual retry. `requestedAt` names the request in the row; null when an operator signalled without one. */
  | { kind: 'manual'; requestedAt: string | null }

/** The numbers of one attempt that was made; small and free of secrets, so they may enter a workflow's history. */
export interface AttemptFacts {
  number: number
  trigger: Trigger
  /** ISO 8601, UTC. */
  startedAt: string
  statusCode: number | null
  failure: Failure | null
  responseTimeMs: number | null
  retryAfterMs: number | null
  /** The schedule of the webhook when the attempt was made, in its stored form (`formatSchedule`). */
  schedule: string
}

/** What an `attempt` activity (or `recordAttempt`, after it) answers to the workflow. */
export type AttemptResult =
  /** Nothing more to do now: sleep `waitMs`, then ask again with `due`. `attempt` is null when none was made. */
  | { kind: 'waiting'; waitMs: number; stepsUsed: number; steps: number; attempt: AttemptFacts | null }
  /** The delivery stands in a final state, or is held; `failed` keeps the run open for its signal wait. */
  | { kind: 'settled'; state: Exclude<DeliveryState, 'pending'>; attempt: AttemptFacts | null }
  /** The manual retry that was asked for has been served or withdrawn already: go on with what was going on. */
  | { kind: 'nothing' }
  /** The POST was made but could not be recorded: call `recordAttempt` with these facts until it works. */
  | { kind: 'unrecorded'; token: string; attempt: AttemptFacts }
