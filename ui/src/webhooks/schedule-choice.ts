import type { Schedule } from '../api/types.ts'
import { duration, waitMs } from '../text/time.ts'

/** The named schedules; the server has the last word on them, the page only draws them before it asks. */
const NAMED = {
  standard: ['1m', '5m', '30m', '2h', '12h', '24h'],
  short: ['2m', '4m', '8m'],
} as const

export type ScheduleKind = keyof typeof NAMED | 'custom'

export interface ScheduleChoice {
  kind: ScheduleKind
  /** As typed: "2s, 5m". */
  waitsText: string
}

export function waitsOf({ kind, waitsText }: ScheduleChoice): string[] {
  if (kind !== 'custom') return [...NAMED[kind]]
  return waitsText
    .split(/[\s,]+/)
    .map((wait) => wait.toLowerCase())
    .filter((wait) => wait !== '')
}

export function scheduleFrom(choice: ScheduleChoice): Schedule {
  return choice.kind === 'custom' ? waitsOf(choice) : choice.kind
}

export function choiceFrom(schedule: Schedule): ScheduleChoice {
  if (schedule === 'standard' || schedule === 'short') return { kind: schedule, waitsText: '' }
  return { kind: 'custom', waitsText: [schedule].flat().join(', ') }
}

/** "7 attempts in 38 h 36 min"; undefined as long as a wait cannot be read. */
export function scheduleInWords(waits: readonly string[]): string | undefined {
  const lengths = waits.map(waitMs)
  if (waits.length === 0 || lengths.includes(undefined)) return undefined
  const totalMs = lengths.reduce<number>((sum, length) => sum + (length ?? 0), 0)
  return `${waits.length + 1} attempts in ${duration(totalMs)}`
}
