/** From inclusive, to exclusive. */
export interface TimeRange {
  from: Date | null
  to: Date | null
}

/** How far the clock that made an id may be from the one that wrote `created_at`. */
const SLACK_MS = 60_000
const UUID_V7_TIME_MAX = 2 ** 48 - 1

/**
 * A range of `created_at` as conditions that the primary key answers: ids are UUIDv7, ordered by time and partitioned
 * by it. The bounds on ids are wide by a minute; `created_at` itself decides.
 */
export function withinTimeRange({ from, to }: TimeRange): {
  createdAt?: object
  id?: { $gte?: string; $lt?: string }
} {
  if (from === null && to === null) return {}
  return {
    createdAt: { ...(from === null ? {} : { $gte: from }), ...(to === null ? {} : { $lt: to }) },
    id: {
      ...(from === null ? {} : { $gte: uuidV7Floor(from.getTime() - SLACK_MS) }),
      ...(to === null ? {} : { $lt: uuidV7Floor(to.getTime() + SLACK_MS) }),
    },
  }
}

/** The least UUIDv7 of a moment, in milliseconds since 1970. */
function uuidV7Floor(timeMs: number): string {
  const hex = Math.min(Math.max(timeMs, 0), UUID_V7_TIME_MAX).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
