import { DomainError } from '../domain/errors.ts'

/** So many calls a minute for each of many things, in this process. */
export interface CallBudget {
  /** Throws `rate_limited`, with the seconds to wait, when the budget of `key` is used up. */
  spend(key: string): void
}

export interface CallBudgetOptions {
  callsPerMinute: number
  /** What is limited, as the refusal says it: `test sends to a webhook`. */
  what: string
  /** Milliseconds that only rise. */
  now?: () => number
}

const MINUTE_MS = 60_000
const KEYS_MAX = 10_000

/** A bucket per key that refills evenly, so that after a burst calls come back one by one. */
export function createCallBudget({
  callsPerMinute,
  what,
  now = performance.now.bind(performance),
}: CallBudgetOptions): CallBudget {
  const refillMs = MINUTE_MS / callsPerMinute
  /** When the bucket of a key is full again; the least recently used first. */
  const fullAt = new Map<string, number>()
  return {
    spend(key) {
      const nowMs = now()
      const fromMs = Math.max(fullAt.get(key) ?? 0, nowMs)
      const nextFullMs = fromMs + refillMs
      const waitMs = nextFullMs - nowMs - MINUTE_MS
      if (waitMs > 1e-6)
        throw new DomainError('rate_limited', `There can be ${callsPerMinute} ${what} a minute.`, {
          retryAfterSeconds: Math.ceil(waitMs / 1_000),
        })
      fullAt.delete(key)
      fullAt.set(key, nextFullMs)
      if (fullAt.size > KEYS_MAX) forgetOldest(fullAt)
    },
  }
}

function forgetOldest(fullAt: Map<string, number>): void {
  const [oldest] = fullAt.keys()
  if (oldest !== undefined) fullAt.delete(oldest)
}
