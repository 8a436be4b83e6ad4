/** Nothing a receiver asks for delays its next attempt by more than a day. */
const LONGEST_RETRY_AFTER_MS = 24 * 60 * 60 * 1000

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The three forms of RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete ones of RFC 850 and asctime. */
const IMF_FIXDATE =
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/
const RFC850_DATE =
  /^[A-Z][a-z]+day, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/
const ASCTIME_DATE =
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/

/**
 * How long a `Retry-After` (RFC 9110 §10.2.3: seconds or a date) asks us to wait, in milliseconds, at most 24 hours.
 * Null for anything unreadable.
 */
export function parseRetryAfter(value: string, nowMs: number): number | null {
  const text = value.trim()
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : parseHttpDate(text, nowMs) - nowMs
  if (Number.isNaN(waitMs)) return null
  return Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, waitMs))
}

/** Unix milliseconds, or NaN. */
function parseHttpDate(text: string, nowMs: number): number {
  const parts = (IMF_FIXDATE.exec(text) ?? RFC850_DATE.exec(text) ?? ASCTIME_DATE.exec(text))?.groups
  if (parts === undefined) return Number.NaN
  const [hours = Number.NaN, minutes = Number.NaN, seconds = Number.NaN] = (parts['time'] ?? '')
    .split(':')
    .map(Number)
  if (hours > 23 || minutes > 59 || seconds > 60) return Number.NaN
  const month = MONTHS.indexOf(parts['month'] ?? '')
  const day = Number(parts['day'])
  if (month === -1 || day < 1 || day > 31) return Number.NaN
  return Date.UTC(fullYear(parts['year'] ?? '', nowMs), month, day, hours, minutes, seconds)
}

/** A year of two digits is the one that lies at most 50 years ahead (RFC 9110 §5.6.7). */
function fullYear(digits: string, nowMs: number): number {
  if (digits.length === 4) return Number(digits)
  const currentYear = new Date(nowMs).getUTCFullYear()
  const year = currentYear - (currentYear % 100) + Number(digits)
  return year > currentYear + 50 ? year - 100 : year
}
