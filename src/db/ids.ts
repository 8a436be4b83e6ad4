import { randomFillSync } from 'node:crypto'

import type { Sql } from './database.ts'

/** Makes UUIDv7 ids (RFC 9562) that rise within a process. */
export interface IdSource {
  next(): string
}

const SEQUENCE_MAX = 0xfff
/** The last 15 go into the id as they are, the others choose sequence and variant. */
const DIGITS_PER_ID = 17
const POOL_BYTES = DIGITS_PER_ID * 128

/**
 * `now` is the clock in milliseconds since 1970. Ids of one millisecond are told apart by a rising 12-bit sequence,
 * and the clock never goes back, so that "newest first" by id is the order in which ids were made.
 */
export function createIdSource(now: () => number = Date.now): IdSource {
  const pool = Buffer.alloc(POOL_BYTES)
  /** The random bytes as hexadecimal digits, and how many of them are used. */
  let digits = ''
  let used = 0
  let lastMs = 0
  let sequence = 0
  let clock = ''
  return {
    next() {
      if (used === digits.length) {
        digits = randomFillSync(pool).toString('hex')
        used = 0
      }
      const random = digits.slice(used, used + DIGITS_PER_ID)
      used += DIGITS_PER_ID
      const nowMs = Math.floor(now())
      if (nowMs > lastMs) {
        lastMs = nowMs
        // Half of the range is left free, so that a burst within one millisecond can rise.
        sequence = Number.parseInt(random.slice(0, 2), 16) << 3
        clock = clockOf(lastMs)
      } else if (sequence === SEQUENCE_MAX) {
        lastMs += 1
        sequence = 0
        clock = clockOf(lastMs)
      } else sequence += 1
      const variant = '89ab'.charAt(Number.parseInt(random.charAt(1), 16) & 3)
      return `${clock}-7${sequence.toString(16).padStart(3, '0')}-${variant}${random.slice(2, 5)}-${random.slice(5)}`
    },
  }
}

/** The first two groups of an id. */
function clockOf(ms: number): string {
  const text = ms.toString(16).padStart(12, '0')
  return `${text.slice(0, 8)}-${text.slice(8)}`
}

/** The database's clock minus ours, in milliseconds: ids choose partitions, so they follow the database's time. */
export async function measureClockOffsetMs(sql: Sql): Promise<number> {
  const before = Date.now()
  const rows = await sql.query<{ ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
  )
  const after = Date.now()
  return (rows[0]?.ms ?? after) - (before + after) / 2
}
