import { setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'

import type { AttemptFacts, AttemptReason, AttemptResult } from '../src/domain/attempt-result.ts'
import type { DeliveryState } from '../src/domain/delivery.ts'
import {
  type DeliverInput,
  progress,
  RETRY_SIGNAL_WAIT_MS,
  RETRYING,
  type Standing,
  stateAttribute,
} from './contract.ts'
import { attemptWords, settledWords, type Steps, waitWords } from './words.ts'

/** What one run of `deliver` remembers. */
export interface Run extends Steps {
  readonly input: DeliverInput
  standing: Standing
  attemptsMade: number
  /** Activities asked for an attempt in this run; a long run continues as new. */
  asked: number
  /** The last attempt in plain words. */
  lastWords: string | null
  shownState: string | null
}

type Learned = Exclude<AttemptResult, { kind: 'unrecorded' }>

export function openRun(input: DeliverInput): Run {
  const run: Run = {
    input,
    standing: input.resume?.standing ?? firstStanding(input),
    attemptsMade: input.attemptsMade ?? 0,
    stepsUsed: (input.resume ?? input.waiting)?.stepsUsed ?? null,
    steps: (input.resume ?? input.waiting)?.steps ?? null,
    asked: 0,
    lastWords: null,
    shownState: workflowInfo().typedSearchAttributes.get(stateAttribute) ?? null,
  }
  setHandler(progress, () => ({
    state: stateOf(run.standing),
    attemptsMade: run.attemptsMade,
    nextAttemptAt: run.standing.kind === 'waiting' ? new Date(run.standing.dueAt).toISOString() : null,
    stepsUsed: run.stepsUsed,
    steps: run.steps,
  }))
  if (input.resume === undefined && input.waiting !== undefined) show(run)
  return run
}

/** The wait counts from the start, not from when a worker first came to it. */
function firstStanding({ waiting }: DeliverInput): Standing {
  if (waiting === undefined) return { kind: 'new' }
  return { kind: 'waiting', dueAt: workflowInfo().startTime.getTime() + waiting.waitMs }
}

/** Takes in what the row answered, and shows it to operators. */
export function learn(run: Run, result: Learned, reason: AttemptReason): void {
  if (result.kind === 'nothing') {
    // A manual retry that was served already changes nothing; asked for anything else, nothing is left to do here.
    if (reason.kind !== 'manual') run.standing = { kind: 'settled', state: 'pending', closesAt: Date.now() }
    return
  }
  if (result.kind === 'waiting') Object.assign(run, { stepsUsed: result.stepsUsed, steps: result.steps })
  run.standing = standingAfter(run, result, reason)
  if (result.attempt !== null) noteAttempt(run, result.attempt)
  show(run)
}

function standingAfter(
  run: Run,
  result: Exclude<Learned, { kind: 'nothing' }>,
  reason: AttemptReason,
): Standing {
  const before = run.standing
  if (result.kind === 'settled') {
    const { state } = result
    // Only an attempt starts the wait for a manual retry anew.
    if (result.attempt === null && before.kind === 'settled' && before.state === state) return before
    return {
      kind: 'settled',
      state,
      closesAt: Date.now() + (run.input.retrySignalWaitMs ?? RETRY_SIGNAL_WAIT_MS),
    }
  }
  // A manual attempt that failed leaves the original due time standing, and the workflow's own clock knows it.
  const isManual = reason.kind === 'manual' || result.attempt?.trigger === 'manual'
  if (isManual && before.kind === 'waiting') return before
  return { kind: 'waiting', dueAt: Date.now() + result.waitMs }
}

function noteAttempt(run: Run, attempt: AttemptFacts): void {
  run.attemptsMade = Math.max(run.attemptsMade, attempt.number)
  if (run.standing.kind === 'settled' && attempt.trigger !== 'manual' && run.stepsUsed !== null)
    run.stepsUsed += 1
  run.lastWords = attemptWords(attempt, run)
}

function stateOf(standing: Standing): DeliveryState {
  return standing.kind === 'settled' ? standing.state : 'pending'
}

/** One history event per change of `PostriderState`, none while it stays; a delivery that succeeds at once has none. */
function show(run: Run): void {
  const state = shownStateOf(run)
  if (state !== run.shownState) {
    upsertSearchAttributes([{ key: stateAttribute, value: state }])
    run.shownState = state
  }
  setCurrentDetails(standingWords(run))
}

function shownStateOf({ standing, attemptsMade, stepsUsed }: Run): string | null {
  if (standing.kind === 'waiting') return attemptsMade > 0 || (stepsUsed ?? 0) > 0 ? RETRYING : null
  if (standing.kind === 'settled' && (standing.state === 'failed' || standing.state === 'held'))
    return standing.state
  return null
}

/** "attempt 3 of 7 answered 503 in 120 ms; next in 30 min" */
export function standingWords({ standing, lastWords }: Run): string {
  return [lastWords, nextWords(standing)].filter((words) => words !== null).join('; ')
}

function nextWords(standing: Standing): string | null {
  if (standing.kind === 'new') return null
  if (standing.kind === 'waiting') return `next in ${waitWords(Math.max(0, standing.dueAt - Date.now()))}`
  if (standing.state !== 'failed') return settledWords(standing.state)
  const waitMs = Math.max(0, standing.closesAt - Date.now())
  return `${settledWords('failed')}; retryNow makes another attempt within ${waitWords(waitMs)}`
}
