import { setTimeout as delay } from 'node:timers/promises'

/** Waits, but ends early and without an error when the signal is aborted. */
export async function pauseMs(waitMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(waitMs, undefined, { signal })
  } catch {
    // Aborted: the caller looks at the signal.
  }
}
