import {
  type AcceptedDelivery,
  type AcceptedEvent,
  acceptEvents,
  type AcceptLane,
  findKeptEvents,
  forgetExpiredKeys,
} from '../db/accepting.ts'
import { type Database, databaseAway, isDatabaseAway, type Sql } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import { ensurePartitions, isPartitionMissing, timeOfId } from '../db/partitions.ts'
import { DomainError } from '../domain/errors.ts'
import { createGroupCommit } from './group-commit.ts'

export interface PublishInput {
  type: string
  /** The event's `data` as it came, byte for byte: JSON text of an object. */
  data: string
  workflowId: string | null
  timestamp: Date | null
  idempotencyKey: string | null
  /** SHA-256 over the members of the event; the same key with another hash is refused. */
  requestHash: Buffer
}

export interface PublishResult {
  id: string
  deliveries: number
  /** Whether this is the answer that an earlier publish with the same key got. */
  replayed: boolean
}

/**
 * Stores events and their deliveries, all or nothing; what it answers is committed. Throws DomainError:
 * `idempotency_mismatch` (pointers begin with the event's index), `unavailable` while the database is away.
 */
export type PublishEvents = (workspaceId: string, events: readonly PublishInput[]) => Promise<PublishResult[]>

export interface PublishEventsDeps {
  database: Pick<Database, 'sql' | 'transaction'>
  ids: IdSource
  /** How deliveries of the next statement are to be begun; asked once per statement. */
  lane: () => AcceptLane
  /** Told after the commit what this process has taken on itself. Must not throw. */
  onAccepted: (own: readonly OwnDelivery[], askedAt: number, lane: AcceptLane) => void
}

/** A delivery that this process is to begin, with its event. */
export interface OwnDelivery {
  delivery: AcceptedDelivery
  event: AcceptedEvent
}

const STATEMENT_EVENTS_MAX = 500
/** While one waits for its commit to reach the disk, the other is worked on. */
const STATEMENTS_AT_ONCE = 2
const EXPIRED_KEY_TRIES_MAX = 3

type Accepted = Map<string, AcceptedDelivery[]>

export function createPublishEvents(deps: PublishEventsDeps): PublishEvents {
  const acceptGrouped = createGroupCommit<readonly AcceptedEvent[], Accepted>(
    async (groups) => {
      const events = groups.flat()
      const lane = deps.lane()
      const askedAt = performance.now()
      const accepted = await withPartitions(deps, events, (sql) => acceptEvents(sql, events, lane))
      tellOwn(deps, events, accepted, { lane, askedAt })
      return groups.map(() => accepted)
    },
    (error) => !isDatabaseAway(error),
    {
      sizeOf: (events) => events.length,
      sizeMax: STATEMENT_EVENTS_MAX,
      lanes: STATEMENTS_AT_ONCE,
      holdMs: 0,
      keyOf: (events) => keyOf(events),
    },
  )

  async function publish(workspaceId: string, events: readonly PublishInput[]): Promise<PublishResult[]> {
    const firsts = firstOfEachKey(events)
    const rows = firsts.map((index) => toRow(deps.ids.next(), workspaceId, events[index] as PublishInput))
    const hasKeys = rows.some(({ idempotencyKey }) => idempotencyKey !== null)
    const byKey = hasKeys && rows.length > 1 ? await acceptWithKeys(deps, rows, firsts) : undefined
    const results = byKey ?? (await acceptOrReplay(deps, acceptGrouped, rows, firsts))
    return spread(events, firsts, results)
  }

  return async (workspaceId, events) => {
    try {
      return await publish(workspaceId, events)
    } catch (error) {
      throw isDatabaseAway(error) ? databaseAway(error) : error
    }
  }
}

function keyOf(events: readonly AcceptedEvent[]): string | null {
  const [event] = events
  return event === undefined || event.idempotencyKey === null
    ? null
    : `${event.workspaceId} ${event.idempotencyKey}`
}

function toRow(id: string, workspaceId: string, event: PublishInput): AcceptedEvent {
  return {
    id,
    workspaceId,
    type: event.type,
    workflowId: event.workflowId,
    timestamp: event.timestamp,
    payload: event.data,
    idempotencyKey: event.idempotencyKey,
    requestHash: event.idempotencyKey === null ? null : event.requestHash,
  }
}

/** Indexes of the events to insert: within one batch a key stands for one event, too. */
function firstOfEachKey(events: readonly PublishInput[]): number[] {
  if (events.length === 1) return [0]
  const seen = new Map<string, PublishInput>()
  return events.flatMap((event, index) => {
    if (event.idempotencyKey === null) return [index]
    const first = seen.get(event.idempotencyKey)
    if (first === undefined) {
      seen.set(event.idempotencyKey, event)
      return [index]
    }
    if (!first.requestHash.equals(event.requestHash)) throw mismatch(index)
    return []
  })
}

function mismatch(index: number): DomainError {
  const detail = 'This idempotency key was used for another event within the last 24 hours.'
  return new DomainError('idempotency_mismatch', detail, {
    errors: [{ pointer: `/${index}/idempotencyKey`, detail }],
  })
}

/** The common case: no keys, or a single event. Shares a statement with other publishes. */
async function acceptOrReplay(
  deps: Pick<PublishEventsDeps, 'database'>,
  accept: (rows: readonly AcceptedEvent[]) => Promise<Accepted>,
  rows: readonly AcceptedEvent[],
  indexes: readonly number[],
): Promise<PublishResult[]> {
  for (let tries = 1; ; tries += 1) {
    const accepted = await accept(rows)
    if (rows.every(({ id }) => accepted.has(id)))
      return rows.map(({ id }) => ({ id, deliveries: accepted.get(id)?.length ?? 0, replayed: false }))
    const kept = await replayKept(deps.database.sql, rows, accepted, indexes)
    if (kept !== undefined || tries === EXPIRED_KEY_TRIES_MAX) return kept ?? []
  }
}

/** Several events with keys: a transaction of their own, because one conflicting key refuses them all. */
async function acceptWithKeys(
  deps: PublishEventsDeps,
  rows: readonly AcceptedEvent[],
  indexes: readonly number[],
): Promise<PublishResult[]> {
  const keys = rows.flatMap(({ idempotencyKey }) => idempotencyKey ?? [])
  const [workspaceId = ''] = rows.map((row) => row.workspaceId)
  await forgetExpiredKeys(deps.database.sql, workspaceId, keys)
  const lane = deps.lane()
  const askedAt = performance.now()
  const { accepted, results } = await withPartitions(deps, rows, () =>
    deps.database.transaction(async (sql) => {
      const accepted = await acceptEvents(sql, rows, lane)
      return { accepted, results: await replayKept(sql, rows, accepted, indexes) }
    }),
  )
  if (results === undefined) return acceptWithKeys(deps, rows, indexes)
  tellOwn(deps, rows, accepted, { lane, askedAt })
  return results
}

function tellOwn(
  deps: PublishEventsDeps,
  events: readonly AcceptedEvent[],
  accepted: Accepted,
  { lane, askedAt }: { lane: AcceptLane; askedAt: number },
): void {
  const own = events.flatMap((event) =>
    (accepted.get(event.id) ?? []).filter(({ isOwn }) => isOwn).map((delivery) => ({ delivery, event })),
  )
  if (own.length > 0) deps.onAccepted(own, askedAt, lane)
}

/** The answers of all rows, those that were accepted before included; undefined when a key expired meanwhile. */
async function replayKept(
  sql: Sql,
  rows: readonly AcceptedEvent[],
  accepted: Accepted,
  indexes: readonly number[],
): Promise<PublishResult[] | undefined> {
  const missing = rows.filter(({ id }) => !accepted.has(id))
  const [workspaceId = ''] = rows.map((row) => row.workspaceId)
  const keys = missing.flatMap(({ idempotencyKey }) => idempotencyKey ?? [])
  const kept = new Map((await findKeptEvents(sql, workspaceId, keys)).map((event) => [event.key, event]))
  if (keys.some((key) => kept.get(key)?.isExpired !== false)) {
    await forgetExpiredKeys(sql, workspaceId, keys)
    return undefined
  }
  return rows.map((row, position) => {
    const deliveries = accepted.get(row.id)
    if (deliveries !== undefined) return { id: row.id, deliveries: deliveries.length, replayed: false }
    const event = kept.get(row.idempotencyKey ?? '')
    if (event === undefined || row.requestHash?.equals(event.requestHash) !== true)
      throw mismatch(indexes[position] ?? 0)
    return { id: event.eventId, deliveries: event.deliveries, replayed: true }
  })
}

function spread(
  events: readonly PublishInput[],
  firsts: readonly number[],
  results: readonly PublishResult[],
): PublishResult[] {
  if (firsts.length === events.length) return [...results]
  const byIndex = new Map(firsts.map((index, position) => [index, results[position]]))
  const byKey = new Map(
    firsts.map((index, position) => [events[index]?.idempotencyKey ?? null, results[position]]),
  )
  return events.map((event, index) => {
    const result = byIndex.get(index) ?? byKey.get(event.idempotencyKey)
    if (result === undefined) throw new Error('An accepted event has no result.')
    return result
  })
}

/** Accepting must not fail for want of a partition: it is made on the spot and the statement tried again. */
async function withPartitions<T>(
  deps: PublishEventsDeps,
  rows: readonly AcceptedEvent[] | undefined,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  try {
    return await work(deps.database.sql)
  } catch (error) {
    if (!isPartitionMissing(error)) throw error
    const id = rows?.[0]?.id
    await ensurePartitions(deps.database.sql, id === undefined ? null : timeOfId(id))
    return work(deps.database.sql)
  }
}
