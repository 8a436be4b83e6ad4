const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const SHORT_CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })

/** The viewer's zone, such as "Europe/Berlin". */
export function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** 2 min 5 s as "2 min": the largest unit, rounded down. */
function largestUnit(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`
  return `${Math.floor(ms / DAY_MS)} d`
}

/** "4 min ago", "in 4 min", "just now". */
export function relativeTime(at: string, nowMs: number): string {
  const distanceMs = Date.parse(at) - nowMs
  if (Math.abs(distanceMs) < 2 * SECOND_MS) return distanceMs > 0 ? 'in a moment' : 'just now'
  return distanceMs > 0 ? `in ${largestUnit(distanceMs)}` : `${largestUnit(-distanceMs)} ago`
}

/** Local and UTC, for who needs it exactly. */
export function exactTime(at: string): string {
  return `${LOCAL.format(new Date(at))} (${zone()}), ${at.replace('T', ' ').replace(/(\.\d+)?Z$/, '')} UTC`
}

/** "14:02:11" today, with the date on other days. */
export function clockTime(at: string, nowMs: number): string {
  return `${dayUnlessToday(at, nowMs)}${CLOCK.format(new Date(at))}`
}

/** "14:02" today, with the date on other days. */
export function shortClockTime(at: string, nowMs: number): string {
  return `${dayUnlessToday(at, nowMs)}${SHORT_CLOCK.format(new Date(at))}`
}

function dayUnlessToday(at: string, nowMs: number): string {
  const date = new Date(at)
  return date.toDateString() === new Date(nowMs).toDateString() ? '' : `${DAY.format(date)}, `
}

const UNIT_MS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS }

/** Milliseconds of "5m"; undefined when it is no wait. */
export function waitMs(wait: string): number | undefined {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(wait)
  return match === null ? undefined : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0)
}

/** 138 960 000 → "38 h 36 min": the two largest units. */
export function duration(ms: number): string {
  const parts = [
    { amount: Math.floor(ms / DAY_MS), unit: 'd' },
    { amount: Math.floor((ms % DAY_MS) / HOUR_MS), unit: 'h' },
    { amount: Math.floor((ms % HOUR_MS) / MINUTE_MS), unit: 'min' },
    { amount: Math.floor((ms % MINUTE_MS) / SECOND_MS), unit: 's' },
  ]
  const [days] = parts
  // Two days and less read better in hours, as schedules are written.
  if (days !== undefined && days.amount > 0 && ms < 2 * DAY_MS) {
    parts.shift()
    const [hours] = parts
    if (hours !== undefined) hours.amount += 24
  }
  const first = parts.findIndex(({ amount }) => amount > 0)
  if (first < 0) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(({ amount }) => amount > 0)
    .map(({ amount, unit }) => `${amount} ${unit}`)
    .join(' ')
}
