import { invalidInput } from '../domain/errors.ts'

/** Reads a time that its schema let through; throws `invalid_input` for one that no clock shows (a leap second). */
export function readTime(text: string, pointer: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1970 || time.getUTCFullYear() > 9999)
    throw invalidInput(pointer, `${text.slice(0, 40)} is not a time between the years 1970 and 9999.`)
  return time
}

export function readTimeRange(query: { from?: string; to?: string }): { from: Date | null; to: Date | null } {
  return {
    from: query.from === undefined ? null : readTime(query.from, '/from'),
    to: query.to === undefined ? null : readTime(query.to, '/to'),
  }
}

export function showTime(time: Date): string {
  return time.toISOString()
}

export function showTimeOrNull(time: Date | null | undefined): string | null {
  return time?.toISOString() ?? null
}
