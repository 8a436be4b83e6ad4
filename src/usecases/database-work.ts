import { type Database, databaseAway, isDatabaseAway, type Sql } from '../db/database.ts'

const TRIES_MAX = 4
/** PostgreSQL ended one of two transactions that waited for each other, or could not order them. */
const TRY_AGAIN_STATES = new Set(['40P01', '40001'])

/**
 * One transaction of a change by hand. Recording locks deliveries before their webhook and a change may lock them the
 * other way round; PostgreSQL then ends one of the two, and it is simply made again.
 * Throws `unavailable` while the database is away.
 */
export async function changeDatabase<T>(database: Database, work: (sql: Sql) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await database.transaction(work)
    } catch (error) {
      if (tries < TRIES_MAX && isWorthAnotherTry(error)) continue
      throw translate(error)
    }
  }
}

/** Reads; throws `unavailable` while the database is away. */
export async function readDatabase<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw translate(error)
  }
}

function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof Error && 'code' in error && TRY_AGAIN_STATES.has(String(error.code))
}

function translate(error: unknown): unknown {
  return isDatabaseAway(error) ? databaseAway(error) : error
}
