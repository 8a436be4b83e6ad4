/** Remembers what a look-up answered, but never trusts it for longer than its lease. */
export interface LeaseCache<Value> {
  /** Without a promise when a lease still lasts. */
  get(key: string): Value | null | Promise<Value | null>
  /** Whether the last look-up found something, however long ago. */
  isKnown(key: string): boolean
}

interface Entry<Value> {
  value: Value
  /** When the look-up was sent: whatever changed after this moment may be missing from its answer. */
  askedAtMs: number
}

interface Pending<Value> {
  answer: Promise<Value | null>
  askedAtMs: number
}

export interface LeaseCacheOptions {
  leaseMs: number
  entriesMax: number
  /** A monotonic clock in milliseconds. */
  now?: () => number
}

/**
 * A value is used for at most `leaseMs` after its look-up was sent; from half of that on it is looked up again in the
 * background, so that a busy key waits for nobody. Who takes something back waits out one lease after the commit and
 * then knows that no process honours it any more. What is unknown is not remembered.
 */
export function createLeaseCache<Value>(
  load: (key: string) => Promise<Value | null>,
  { leaseMs, entriesMax, now = () => performance.now() }: LeaseCacheOptions,
): LeaseCache<Value> {
  const entries = new Map<string, Entry<Value>>()
  const pending = new Map<string, Pending<Value>>()

  function look(key: string): Promise<Value | null> {
    const askedAtMs = now()
    const running = pending.get(key)
    if (running !== undefined && askedAtMs - running.askedAtMs < leaseMs) return running.answer
    const answer = load(key)
      .then((value) => {
        if (value === null) entries.delete(key)
        else remember(key, { value, askedAtMs })
        return value
      })
      .finally(() => {
        if (pending.get(key)?.answer === answer) pending.delete(key)
      })
    pending.set(key, { answer, askedAtMs })
    return answer
  }

  function remember(key: string, entry: Entry<Value>): void {
    const known = entries.get(key)
    if (known !== undefined && known.askedAtMs > entry.askedAtMs) return
    entries.delete(key)
    entries.set(key, entry)
    const [oldest] = entries.keys()
    if (entries.size > entriesMax && oldest !== undefined) entries.delete(oldest)
  }

  return {
    get(key) {
      const entry = entries.get(key)
      const ageMs = entry === undefined ? Infinity : now() - entry.askedAtMs
      if (entry === undefined || ageMs >= leaseMs) return look(key)
      // A failed refresh is no fault yet: the next look-up after the lease tells the caller.
      if (ageMs >= leaseMs / 2) look(key).catch(() => undefined)
      return entry.value
    },
    isKnown: (key) => entries.has(key),
  }
}
