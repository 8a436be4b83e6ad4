/** How long after a quick start the others keep out of the way. */
const QUICK_LATELY_MS = 1_000
/** A start that can wait keeps its place for so many times as long as it took: the server has other work to do. */
const REST_FACTOR = 2

export interface StartPlacesOptions {
  /** Calls under way at once. */
  places: number
  /** So many of them for starts that can wait, while there are quick ones. */
  patientPlaces: number
}

/** Runs `work` when there is a place for it. */
export type InPlace = <T>(isQuick: boolean, work: () => Promise<T>) => Promise<T>

/**
 * Who may start a workflow now: those to webhooks that answer fast go first, so that a burst to a hundred that hang
 * does not fill the server before them. Within its class everyone keeps the order in which they came.
 */
export function createStartPlaces({ places, patientPlaces }: StartPlacesOptions): InPlace {
  const waiting = { quick: [] as (() => void)[], patient: [] as (() => void)[] }
  const busy = { quick: 0, patient: 0 }
  let quickAt = -Infinity

  function hasPlaceFor(kind: 'quick' | 'patient'): boolean {
    if (busy.quick + busy.patient >= places) return false
    if (kind === 'quick') return true
    return busy.patient < patientPlaces || !isQuickLately()
  }

  function isQuickLately(): boolean {
    return performance.now() - quickAt < QUICK_LATELY_MS
  }

  function admit(): void {
    for (const kind of ['quick', 'patient'] as const)
      while (waiting[kind].length > 0 && hasPlaceFor(kind)) {
        busy[kind] += 1
        waiting[kind].shift()?.()
      }
  }

  return async (isQuick, work) => {
    const kind = isQuick ? 'quick' : 'patient'
    if (isQuick) quickAt = performance.now()
    await new Promise<void>((resolve) => {
      waiting[kind].push(resolve)
      admit()
    })
    const startedAt = performance.now()
    const leave = (): void => {
      busy[kind] -= 1
      admit()
    }
    try {
      return await work()
    } finally {
      if (!isQuick && isQuickLately()) setTimeout(leave, REST_FACTOR * (performance.now() - startedAt))
      else leave()
    }
  }
}
