import { migrations } from '../../migrations/index.ts'
import { type Database, openDatabase } from './database.ts'
import { ensurePartitions } from './partitions.ts'

/** Any constant will do, as long as every process takes the same lock. */
const MIGRATION_LOCK = 7_310_552

/**
 * Brings the schema up to date and makes the partitions around now. Safe to run by several processes at once: the
 * others wait, then find nothing to do. Answers the names of the migrations that ran.
 */
export async function migrate(url: string): Promise<string[]> {
  const database = await openDatabase({ url, connectionsMax: 3, statementTimeoutMs: 0 })
  try {
    const client = await database.pool.connect()
    try {
      await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
      const done = await database.orm.migrator.up()
      await ensurePartitions(database.sql)
      return done.map(({ name }) => name)
    } finally {
      // Closing the session gives the lock back, whatever happened.
      client.release(true)
    }
  } finally {
    await database.close()
  }
}

/** Whether every migration that this program knows has run. */
export async function isMigrated({ sql }: Pick<Database, 'sql'>): Promise<boolean> {
  const [table] = await sql.query<{ present: boolean }>(
    `select to_regclass('migration') is not null as present`,
  )
  if (table?.present !== true) return false
  const done = await sql.query<{ name: string }>('select name from migration')
  return migrations.every(({ name }) => done.some((migration) => migration.name === name))
}
