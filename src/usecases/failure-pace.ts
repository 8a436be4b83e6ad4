import type { AttemptRecord } from '../db/attempts.ts'

/** Transactions that record failures at once: the pool's other connections are for what goes well. */
const PLACES = 2
/** Failures that become known together are passed on this far apart. */
const SPACING_MS = 20
const DELAY_MS_MAX = 2_000

export interface FailurePace {
  /** Runs `work`, which records an attempt: at once what went well, a failure when there is a place for it. */
  record<T>(attempt: Pick<AttemptRecord, 'failure'>, work: () => Promise<T>): Promise<T>
  /** Resolves, with the milliseconds that it took, when it is this failure's turn to be passed on. */
  passOn(): Promise<number>
}

/**
 * What a failed attempt sets in motion (a transaction, a workflow task, a timer) can wait, and a hundred endpoints that
 * hang time out together. While webhooks that answer fast are served, failures are passed on one by one.
 */
export function createFailurePace(isServingQuick: () => boolean): FailurePace {
  const waiting: (() => void)[] = []
  let free = PLACES
  let turnAt = -Infinity
  return {
    async record({ failure }, work) {
      if (failure === null) return work()
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) free += 1
        else next()
      }
    },
    async passOn() {
      if (!isServingQuick()) return 0
      const now = performance.now()
      turnAt = Math.min(Math.max(now, turnAt + SPACING_MS), now + DELAY_MS_MAX)
      const delayMs = turnAt - now
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      return delayMs
    },
  }
}
