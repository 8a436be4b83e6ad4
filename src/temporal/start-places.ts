export interface StartPlacesOptions {
  /** Calls under way at once. */
  places: number
  /** Whether webhooks that answer fast are being served right now; without them nobody need keep out of the way. */
  isServingQuick: () => boolean
  /** A monotonic clock in milliseconds. */
  now?: () => number
}

/** Runs `work` when there is a place for it. */
export type InPlace = <T>(isQuick: boolean, work: () => Promise<T>) => Promise<T>

/**
 * Who may start a workflow now: those to webhooks that answer fast go first, so that a burst to a hundred that hang
 * does not fill the server before them. How many of the others are started meanwhile follows from what the quick ones
 * notice of it. Within its class everyone keeps the order in which they came.
 */
export function createStartPlaces(options: StartPlacesOptions): InPlace {
  const { places, isServingQuick, now = () => performance.now() } = options
  const waiting = { quick: [] as (() => void)[], patient: [] as (() => void)[] }
  const busy = { quick: 0, patient: 0 }
  const share = createPatientShare(places, now)

  function hasPlaceFor(kind: 'quick' | 'patient'): boolean {
    if (busy.quick + busy.patient >= places) return false
    return kind === 'quick' || !isServingQuick() || busy.patient < share.size()
  }

  function admit(): void {
    for (const kind of ['quick', 'patient'] as const)
      while (waiting[kind].length > 0 && hasPlaceFor(kind)) {
        busy[kind] += 1
        waiting[kind].shift()?.()
      }
  }

  function leave(kind: 'quick' | 'patient'): void {
    busy[kind] -= 1
    if (busy.patient + waiting.patient.length === 0) share.reset()
    admit()
  }

  return async (isQuick, work) => {
    const kind = isQuick ? 'quick' : 'patient'
    await new Promise<void>((resolve) => {
      waiting[kind].push(resolve)
      admit()
    })
    const startedAt = now()
    try {
      return await work()
    } finally {
      const tookMs = now() - startedAt
      if (isQuick) share.learn(tookMs)
      // What was started makes work for the server: a start that could wait rests for longer than it took.
      if (isQuick || !isServingQuick()) leave(kind)
      else setTimeout(leave, REST_FACTOR * tookMs, kind)
    }
  }
}

const REST_FACTOR = 2
/** A quick start is held up when it takes so many times as long as the shortest one lately. */
const HELD_UP_FACTOR = 2
const HELD_UP_MS = 3
const GROWTH = 0.1
const MEMORY_MS = 30_000

/** How many places patient starts may have beside quick ones: more as long as these do not notice, half when they do. */
function createPatientShare(places: number, now: () => number) {
  let share = 1
  /** The shortest quick start of this stretch of time and of the one before. */
  let shortest = { current: Infinity, before: Infinity, since: now() }

  function remember(tookMs: number): void {
    if (now() - shortest.since > MEMORY_MS)
      shortest = { current: Infinity, before: shortest.current, since: now() }
    shortest.current = Math.min(shortest.current, tookMs)
  }

  return {
    size: () => Math.floor(share),
    reset(): void {
      share = 1
    },
    learn(tookMs: number): void {
      remember(tookMs)
      const usualMs = Math.min(shortest.current, shortest.before)
      const isHeldUp = tookMs > HELD_UP_FACTOR * usualMs + HELD_UP_MS
      share = isHeldUp ? Math.max(1, share / 2) : Math.min(places, share + GROWTH)
    },
  }
}
