import { invalidInput } from '../domain/errors.ts'

export const PAGE_LIMIT_DEFAULT = 50
export const PAGE_LIMIT_MAX = 100

/** Which part of a list, newest first, is asked for: at most `limit` rows whose id is below `beforeId`. */
export interface PageRequest {
  limit: number
  beforeId: string | null
}

export interface Page<T> {
  data: T[]
  nextCursor: string | null
}

/**
 * Reads `?limit&cursor`. A cursor is the last id seen, so that rows inserted meanwhile move nothing; it is opaque to
 * callers. Throws `invalid_input` on a cursor that we did not make.
 */
export function readPageRequest(query: { limit?: number; cursor?: string }): PageRequest {
  return {
    limit: query.limit ?? PAGE_LIMIT_DEFAULT,
    beforeId: query.cursor === undefined ? null : decodeCursor(query.cursor),
  }
}

/** Turns rows into a page. Ask the database for `limit + 1` rows: the extra one only says that there are more. */
export function toPage<Row extends { id: string }, T>(
  rows: readonly Row[],
  limit: number,
  present: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = rows.length > limit && last !== undefined
  return { data: shown.map(present), nextCursor: hasMore ? encodeCursor(last.id) : null }
}

function encodeCursor(id: string): string {
  return Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')
}

function decodeCursor(cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url')
  if (bytes.length !== 16 || bytes.toString('base64url') !== cursor)
    throw invalidInput('/cursor', 'The cursor is none that a list has answered; start again without it.')
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
