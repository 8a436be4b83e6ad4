const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * npm passes on a Ctrl-C that the terminal has already sent to the whole process group, so one press arrives twice.
 * What comes this soon after the first is the same press.
 */
const SAME_PRESS_MS = 500

/** Resolves `requested` at the first signal that asks to stop, `insisted` at the next one. */
export function listenForStop(): { requested: Promise<void>; insisted: Promise<void> } {
  const first = Promise.withResolvers<undefined>()
  const second = Promise.withResolvers<undefined>()
  let firstAtMs: number | undefined
  const onSignal = (): void => {
    const nowMs = performance.now()
    firstAtMs ??= nowMs
    first.resolve(undefined)
    if (nowMs - firstAtMs > SAME_PRESS_MS) second.resolve(undefined)
  }
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal)
  return { requested: first.promise, insisted: second.promise }
}
