export interface RateLimit {
  max: number
  windowMs: number
}

export interface RateLimitState {
  isAllowed: boolean
  limit: number
  remaining: number
  resetSeconds: number
}

interface Window {
  used: number
  endsAtMs: number
}

/** More than this many callers within one window are not told apart by anything but memory. */
const WINDOWS_MAX = 50_000

/** Counts in fixed windows, in this process alone: with n processes a caller gets up to n times as much. */
export interface RateLimiter {
  /** Counts one more, and says whether it still fits. */
  take(key: string): RateLimitState
  /** The same without counting. */
  look(key: string): RateLimitState
}

export function createRateLimiter({ max, windowMs }: RateLimit, now = () => performance.now()): RateLimiter {
  const windows = new Map<string, Window>()

  function current(key: string): Window {
    const nowMs = now()
    const known = windows.get(key)
    if (known !== undefined && known.endsAtMs > nowMs) return known
    const fresh = { used: 0, endsAtMs: nowMs + windowMs }
    // Put last, so that the map stays ordered by when windows end and old ones are found at its beginning.
    windows.delete(key)
    windows.set(key, fresh)
    dropOld(nowMs)
    return fresh
  }

  function dropOld(nowMs: number): void {
    for (const [key, { endsAtMs }] of windows) {
      if (endsAtMs > nowMs && windows.size <= WINDOWS_MAX) return
      windows.delete(key)
    }
  }

  function stateOf({ used, endsAtMs }: Window): RateLimitState {
    return {
      isAllowed: used <= max,
      limit: max,
      remaining: Math.max(max - used, 0),
      resetSeconds: Math.max(Math.ceil((endsAtMs - now()) / 1_000), 1),
    }
  }

  return {
    take(key) {
      const window = current(key)
      window.used += 1
      return stateOf(window)
    },
    look(key) {
      const window = current(key)
      return { ...stateOf(window), isAllowed: window.used < max }
    },
  }
}
