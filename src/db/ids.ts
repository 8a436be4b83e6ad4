import { randomFillSync } from 'node:crypto'

import type { Sql } from './database.ts'

/** Makes UUIDv7 ids (RFC 9562) that rise within a process. */
export interface IdSource {
  next(): string
}

const SEQUENCE_MAX = 0xfff
const POOL_BYTES = 8 * 256

/**
 * `now` is the clock in milliseconds since 1970. Ids of one millisecond are told apart by a rising 12-bit sequence,
 * and the clock never goes back, so that "newest first" by id is the order in which ids were made.
 */
export function createIdSource(now: () => number = Date.now): IdSource {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  let lastMs = 0
  let sequence = 0
  return {
    next() {
      if (used === POOL_BYTES) {
        randomFillSync(pool)
        used = 0
      }
      const nowMs = Math.floor(now())
      if (nowMs > lastMs) {
        lastMs = nowMs
        // Half of the range is left free, so that a burst within one millisecond can rise.
        sequence = (pool[used] ?? 0) << 3
      } else if (sequence === SEQUENCE_MAX) {
        lastMs += 1
        sequence = 0
      } else sequence += 1
      const random = Buffer.from(pool.buffer, used, 8).toString('hex')
      used += 8
      const clock = lastMs.toString(16).padStart(12, '0')
      const variant = '89ab'.charAt((pool[used - 8] ?? 0) & 3)
      return `${clock.slice(0, 8)}-${clock.slice(8)}-7${sequence.toString(16).padStart(3, '0')}-${variant}${random.slice(1, 4)}-${random.slice(4)}`
    },
  }
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
