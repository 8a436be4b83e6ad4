import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  workflowInfo,
} from '@temporalio/workflow'

import type { AttemptReason } from '../src/domain/attempt-result.ts'
import type { DeliveryState } from '../src/domain/delivery.ts'
import { askRow, cancelRow, lookAtRow } from './activity-calls.ts'
import type { DeliverInput } from './contract.ts'
import { listenForRequests, type Requests } from './requests.ts'
import { learn, openRun, type Run, standingWords } from './run.ts'

/** After so many attempts a run continues as new, so that no history grows without bound. */
const ATTEMPTS_PER_RUN_MAX = 200

type Step =
  | { kind: 'attempt'; reason: AttemptReason }
  | { kind: 'cancel' }
  | { kind: 'lastLook' }
  | { kind: 'close'; state: DeliveryState }

/**
 * The life of one delivery: an attempt, the schedule's wait, the next attempt, until the row says that it is settled.
 * An exhausted one stays open for a manual retry. The row decides everything but the time; the timers are here.
 * The result is the delivery's state. Ids, numbers and enums only ever enter the history.
 */
export async function deliver(input: DeliverInput): Promise<DeliveryState> {
  const run = openRun(input)
  const requests = listenForRequests()
  // A signal that came together with the start is heard before the first attempt.
  await Promise.resolve()
  // Temporal's Cancel is heard as a request: an attempt in flight is finished and recorded, then the row is cancelled.
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      const step = await nextStep(run, requests)
      const state = await take(step, run, requests)
      if (state === undefined) continue
      await condition(allHandlersFinished)
      if (!requests.pressing(run.standing)) return state
    }
  })
}

/** Sleeps until there is something to do, and says what. */
async function nextStep(run: Run, requests: Requests): Promise<Step> {
  for (;;) {
    const { standing } = run
    if (requests.takeCancel(standing)) return { kind: 'cancel' }
    const manual = requests.takeRetry(standing)
    if (manual !== undefined) return { kind: 'attempt', reason: manual }
    if (standing.kind === 'new') return { kind: 'attempt', reason: { kind: 'start' } }
    if (standing.kind === 'settled' && standing.state !== 'failed')
      return { kind: 'close', state: standing.state }

    const waitMs = (standing.kind === 'waiting' ? standing.dueAt : standing.closesAt) - Date.now()
    if (waitMs <= 0)
      return standing.kind === 'waiting' ? { kind: 'attempt', reason: { kind: 'due' } } : { kind: 'lastLook' }
    if (run.asked >= ATTEMPTS_PER_RUN_MAX || workflowInfo().continueAsNewSuggested) await goOn(run)
    await condition(() => requests.pressing(standing), waitMs, { summary: standingWords(run) })
  }
}

/** Takes one step; the answer is the state to close with, or undefined while there is more to come. */
async function take(step: Step, run: Run, requests: Requests): Promise<DeliveryState | undefined> {
  switch (step.kind) {
    case 'attempt':
      return attempt(run, requests, step.reason)
    case 'cancel':
      learn(run, await cancelRow(run), { kind: 'due' })
      return undefined
    case 'lastLook':
      return lastLook(run, requests)
    case 'close':
      return step.state
  }
}

async function attempt(run: Run, requests: Requests, reason: AttemptReason): Promise<undefined> {
  const result = await askRow(run, requests, reason)
  if (result === null) return
  requests.absorb(reason)
  learn(run, result, reason)
}

/** A retry that was committed, but whose signal never came, is not lost with the run. */
async function lastLook(run: Run, requests: Requests): Promise<DeliveryState | undefined> {
  const { state, retryRequestedAt } = await lookAtRow(run)
  if (retryRequestedAt === null) return state
  const before = run.standing
  await attempt(run, requests, { kind: 'manual', requestedAt: retryRequestedAt })
  return run.standing === before ? state : undefined
}

async function goOn(run: Run): Promise<never> {
  const { input, attemptsMade, standing, stepsUsed, steps } = run
  return continueAsNew<typeof deliver>({
    ...input,
    quick: false,
    attemptsMade,
    resume: { standing, stepsUsed, steps },
  })
}
