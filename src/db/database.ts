import { type EntityManager, MikroORM, PostgreSqlDriver } from '@mikro-orm/postgresql'
import { Migrator } from '@mikro-orm/migrations'
import { DatabaseError, Pool, type PoolClient, type PoolConfig, type QueryResultRow, types } from 'pg'

import { DomainError } from '../domain/errors.ts'
import { migrations } from '../../migrations/index.ts'
import { entities } from './schema.ts'

const CONNECTIONS_MAX = 8
/** Besides those: for the few statements that run with every delivery. */
const HOT_CONNECTIONS_MAX = 4
/**
 * What runs with every delivery finds its few rows by an index, also where statistics are missing or one plan for all
 * values, made from averages, would rather read the whole table.
 */
const HOT_SESSION = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off'
const CONNECT_TIMEOUT_MS = 2_000
/** The server ends a statement after this long; the client gives up a little later, when the server says nothing. */
const STATEMENT_TIMEOUT_MS = 2_300
const QUERY_TIMEOUT_MS = 2_600

/**
 * Makes a prepared statement. One with `hot` runs with every delivery and is planned once per session, whatever its
 * values: planned anew for short arrays, it costs twice as much.
 */
export type StatementName = string | { hot: string }

/**
 * Runs hand-written SQL on one connection or in one transaction. Rows hold what the driver makes of PostgreSQL's types
 * by itself: timestamptz is a Date, bigint and numeric are strings.
 */
export interface Sql {
  query<Row extends QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    name?: StatementName,
  ): Promise<Row[]>
}

export interface Database {
  /** A fresh unit of work; never shared between requests. */
  em(): EntityManager
  sql: Sql
  /** One transaction on one connection; rolled back when `work` throws. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  orm: MikroORM
  pool: Pool
  close(): Promise<void>
}

export interface DatabaseOptions {
  url: string
  connectionsMax?: number
  /** For long work such as migrations; 0 turns the limits off. */
  statementTimeoutMs?: number
}

/** Opens a pool; connects lazily, so it also succeeds while PostgreSQL is away. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const sessionOptions = toSessionOptions(options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS)
  const orm = new MikroORM({
    driver: PostgreSqlDriver,
    clientUrl: options.url,
    entities,
    extensions: [Migrator],
    migrations: {
      migrationsList: migrations,
      tableName: 'migration',
      snapshot: false,
      transactional: true,
      allOrNothing: true,
    },
    pool: { min: 0, max: options.connectionsMax ?? CONNECTIONS_MAX },
    driverOptions: sessionOptions,
    forceUtcTimezone: true,
    debug: false,
    // The ORM's own notices; what goes wrong reaches us as errors.
    logger: () => undefined,
    ensureDatabase: false,
  })
  const connection = orm.em.getConnection()
  const pool = await connection.getNativeClient()
  const hotPool = new Pool({
    ...sessionOptions,
    connectionString: options.url,
    max: Math.min(HOT_CONNECTIONS_MAX, options.connectionsMax ?? HOT_CONNECTIONS_MAX),
    options: HOT_SESSION,
  })
  // A connection that breaks is replaced, and who uses it learns of it; without a listener it would end the process.
  hotPool.on('error', () => undefined)
  hotPool.on('connect', (client) => client.on('error', () => undefined))
  return {
    em: () => orm.em.fork(),
    sql: createSql(pool, hotPool),
    transaction: (work) => inTransaction(pool, work),
    orm,
    pool,
    async close() {
      await hotPool.end()
      await orm.close(true)
      // The ORM ends only a pool that it has used itself.
      if (!pool.ended) await pool.end()
    },
  }
}

function toSessionOptions(statementTimeoutMs: number) {
  return {
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs === 0 ? 0 : QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    application_name: 'postrider',
  } satisfies PoolConfig
}

function createSql(runner: Pool | PoolClient, hotRunner = runner): Sql {
  return {
    async query<Row extends QueryResultRow>(
      text: string,
      values: readonly unknown[] = [],
      name?: StatementName,
    ) {
      const isHot = typeof name === 'object'
      const statement = isHot ? name.hot : name
      // Types are named here because the ORM sets the pool up to hand it raw times.
      const config = {
        text,
        values: [...values],
        types,
        ...(statement === undefined ? {} : { name: statement }),
      }
      return (await (isHot ? hotRunner : runner).query<Row>(config)).rows
    },
  }
}

async function inTransaction<T>(pool: Pool, work: (sql: Sql) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work(createSql(client))
    await client.query('commit')
    return result
  } catch (error) {
    // A connection whose rollback fails is in an unknown state and must not go back into the pool.
    await client.query('rollback').catch((cause: unknown) => {
      broken = cause instanceof Error ? cause : new Error('rollback failed')
    })
    throw error
  } finally {
    client.release(broken)
  }
}

/** SQLSTATE classes that mean "PostgreSQL is away, starting, stopping or overloaded", not "the statement is wrong". */
const AWAY_CLASSES = ['08', '53', '57', '58']
/** As pg, its pool and Node's sockets put it. Matched closely: a refusal may well speak of a member like `timeoutMs`. */
const AWAY_MESSAGES =
  /timeout (expired|exceeded)|query read timeout|connection (terminated|ended|closed)|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|not queryable/i
const AWAY_STATES = new Set(['40001', '40P01', '55P03', '25006', '25P03'])

/** Whether an error says that the database cannot be used now, so that trying again later makes sense. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof DomainError) return false
  for (
    let cause: unknown = error, depth = 0;
    cause instanceof Error && depth < 5;
    cause = cause.cause, depth += 1
  ) {
    const code =
      cause instanceof DatabaseError || 'code' in cause ? String((cause as { code?: unknown }).code) : ''
    if (AWAY_STATES.has(code) || (/^[0-9A-Z]{5}$/.test(code) && AWAY_CLASSES.includes(code.slice(0, 2))))
      return true
    if (!(cause instanceof DatabaseError) && AWAY_MESSAGES.test(`${code} ${cause.message}`)) return true
  }
  return false
}

/** What an API caller is told while the database is away. */
export function databaseAway(cause: unknown): DomainError {
  return new DomainError(
    'unavailable',
    'The database cannot be reached right now, so this may not have been done. Try again, with the same Idempotency-Key where you can.',
    {
      cause,
      retryAfterSeconds: 2,
    },
  )
}

type Plain = string | number | boolean | Date | null

/**
 * An array as PostgreSQL writes it, of values that need none of the quoting which the driver does for each element: ids,
 * numbers, addresses, times.
 */
export function plainArray(values: readonly Plain[]): string {
  return `{${values.map((value) => (value instanceof Date ? value.toISOString() : (value ?? 'null'))).join(',')}}`
}

/**
 * Texts as one parameter, to be split by `string_to_array($n, e'\\x1e', '')`: none of them may hold the character that
 * joins them (JSON texts cannot), and an empty one stands for null.
 */
export function joinTexts(texts: readonly (string | null)[]): string {
  return texts.map((text) => text ?? '').join('\x1e')
}
