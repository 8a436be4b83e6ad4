import { DatabaseError } from 'pg'

import type { Sql } from './database.ts'

/** Makes the weekly partitions around a time (the database's own, unless told), three weeks ahead; answers how many were missing. */
export async function ensurePartitions(sql: Sql, at: Date | null = null): Promise<number> {
  const rows = await sql.query<{ made: number }>(
    'select ensure_partitions(coalesce($1::timestamptz, now())) as made',
    [at],
  )
  return rows[0]?.made ?? 0
}

/** The time that a UUIDv7 carries. */
export function timeOfId(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}

/** Whether a row could not be inserted because the week of its id has no partition yet. */
export function isPartitionMissing(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '23514' &&
    error.message.includes('no partition of relation')
  )
}
