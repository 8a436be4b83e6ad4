import type { DeliveryFilter } from '../api/types.ts'

export const FILTER_NAMES = ['state', 'eventType', 'from', 'to', 'id'] as const

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 }

export const STATE_CHOICES = [
  { value: '', label: 'Any state' },
  { value: 'pending', label: 'Pending' },
  { value: 'retrying', label: 'Retrying' },
  { value: 'succeeded', label: 'Succeeded' },
  { value: 'failed', label: 'Failed' },
  { value: 'cancelled', label: 'Cancelled' },
  { value: 'held', label: 'Held' },
]

export const TIME_CHOICES = [
  { value: '', label: 'Any time' },
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
]

/** A point in time as the address writes it: an exact one, or so long ago, such as `24h`. */
export function pointInTime(text: string, nowMs: number): string | undefined {
  const ago = /^(\d{1,4})([hd])$/.exec(text)
  if (ago !== null) return new Date(nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0)).toISOString()
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString()
}

/** A whole id; the API finds one delivery by it. */
export function isWholeId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

/** The address's filters as the API names them; whether they make sense is the API's to say. */
export function apiFilter(webhookId: string, parameters: URLSearchParams): DeliveryFilter {
  const given = ['state', 'eventType', 'cursor', 'from', 'to'].flatMap((name) => {
    const value = parameters.get(name)
    return value === null || value === '' ? [] : [[name, value]]
  })
  return { webhookId, ...(Object.fromEntries(given) as DeliveryFilter) }
}
