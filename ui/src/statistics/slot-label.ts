import type { Stats } from '../api/types.ts'

const HOUR = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const DAY_HOUR = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
// Days are UTC days, so that their name must not depend on where one looks from.
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' })

/** What a slot of a series is called on the axis and in the table. */
export function slotLabel(at: string, window: Stats['window']): string {
  const date = new Date(at)
  if (window === '30d') return DAY.format(date)
  return window === '24h' ? HOUR.format(date) : DAY_HOUR.format(date)
}
