import { parseDurationMs } from './duration.ts'

const WAIT_MS_MIN = 1_000
const WAIT_MS_MAX = 7 * 86_400_000
export const WAITS_MAX = 20

/** The receiver's own wish for a pause is honoured up to this long. */
export const RETRY_AFTER_MS_MAX = 86_400_000

/** What a wait may be longer than written, all in all. */
const LENGTHENING_MAX = 0.1

/** Jitter is only added, never taken away. */
const JITTER_MAX = 0.05

/** The timer and the way to the receiver are late by themselves: short waits leave them room by doing with less jitter. */
const LATENESS_MS = 200

export const NAMED_SCHEDULES = {
  standard: ['1m', '5m', '30m', '2h', '12h', '24h'],
  short: ['2m', '4m', '8m'],
} as const satisfies Record<string, readonly string[]>

export type ScheduleName = keyof typeof NAMED_SCHEDULES

/** A schedule as users write it: a name, or 1–20 waits of 1 s to 7 d such as `["1m","2h","7d"]`. */
export type Schedule = ScheduleName | readonly string[]

export function isScheduleName(text: string): text is ScheduleName {
  return Object.hasOwn(NAMED_SCHEDULES, text)
}

export function waitsOf(schedule: Schedule): readonly string[] {
  return typeof schedule === 'string' ? NAMED_SCHEDULES[schedule] : schedule
}

/** What is wrong with a list of waits, one sentence per index; empty when it is a schedule. */
export function checkWaits(waits: readonly string[]): { index: number; detail: string }[] {
  if (waits.length < 1 || waits.length > WAITS_MAX)
    return [{ index: -1, detail: `A schedule has 1 to ${WAITS_MAX} waits; this one has ${waits.length}.` }]
  return waits.flatMap((wait, index) => {
    const waitMs = parseDurationMs(wait)
    if (waitMs !== undefined && waitMs >= WAIT_MS_MIN && waitMs <= WAIT_MS_MAX) return []
    return [
      { index, detail: 'A wait is a whole number and a unit (s, m, h, d), from 1s to 7d, such as "5m".' },
    ]
  })
}

/** The stored form: a name, or the waits joined by commas. */
export function formatSchedule(schedule: Schedule): string {
  return typeof schedule === 'string' ? schedule : schedule.join(',')
}

/** Reads what `formatSchedule` wrote. Throws on anything else: a stored schedule was checked before it was stored. */
export function parseSchedule(text: string): Schedule {
  if (isScheduleName(text)) return text
  const waits = text.split(',')
  const problem = checkWaits(waits)[0]
  if (problem !== undefined) throw new Error(`Not a schedule: ${problem.detail}`)
  return waits
}

/** How many attempts a schedule makes by itself. */
export function stepsOf(schedule: Schedule): number {
  return waitsOf(schedule).length + 1
}

/**
 * The wait after the attempt that used step `stepsUsed` (1 for the first), in milliseconds; undefined once the schedule
 * is spent. `random` (0 ≤ x < 1) sets the jitter; the receiver's Retry-After can lengthen the wait, never shorten it.
 */
export function waitMsAfter(
  schedule: Schedule,
  stepsUsed: number,
  random: number,
  retryAfterMs: number | null = null,
): number | undefined {
  const wait = waitsOf(schedule)[stepsUsed - 1]
  if (wait === undefined) return undefined
  const scheduledMs = parseDurationMs(wait) ?? WAIT_MS_MAX
  const jitterMsMax = Math.min(scheduledMs * JITTER_MAX, scheduledMs * LENGTHENING_MAX - LATENESS_MS)
  const jitteredMs = Math.round(scheduledMs + Math.max(0, jitterMsMax) * random)
  return Math.max(jitteredMs, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS_MAX))
}
