import type { DeliveryState } from '../domain/delivery.ts'
import { EVENT_TYPES } from '../domain/event-types.ts'
import type { Sql } from './database.ts'

/** From inclusive, to exclusive. */
export interface TimeRange {
  from: Date | null
  to: Date | null
}

export interface DeliveryFilter extends TimeRange {
  webhookId: string | null
  /** `retrying` is a pending one that has failed and will be tried again. */
  state: DeliveryState | 'retrying' | null
  eventType: string | null
}

export interface EventFilter extends TimeRange {
  eventType: string | null
}

export interface ListPage {
  limit: number
  beforeId: string | null
}

/** How far the clock that made an id may be from the one that wrote `created_at`. */
const ID_CLOCK_SLACK = `interval '1 minute'`

/** The ids of a page of deliveries, newest first, and of one more when there are more. */
export async function findDeliveryIds(
  sql: Sql,
  workspaceId: string,
  filter: DeliveryFilter,
  page: ListPage,
): Promise<string[]> {
  const { webhookId, state, eventType } = filter
  const conditions = new Conditions(workspaceId)
  if (webhookId !== null) conditions.add('webhook_id =', webhookId)
  if (eventType !== null) conditions.add('event_type =', eventType)
  addState(conditions, state)
  conditions.addRange(filter, page)
  // Unsettled and failed ones are few and have indexes of their own; so has a webhook.
  const isNarrow = webhookId !== null || eventType !== null || (state !== null && state !== 'succeeded')
  return findIds(
    sql,
    { table: 'webhook_delivery', typeColumn: isNarrow ? null : 'event_type' },
    conditions,
    page,
  )
}

/** The ids of a page of events, newest first, and of one more when there are more. */
export async function findEventIds(
  sql: Sql,
  workspaceId: string,
  filter: EventFilter,
  page: ListPage,
): Promise<string[]> {
  const conditions = new Conditions(workspaceId)
  if (filter.eventType !== null) conditions.add('type =', filter.eventType)
  conditions.addRange(filter, page)
  return findIds(
    sql,
    { table: 'event', typeColumn: filter.eventType === null ? 'type' : null },
    conditions,
    page,
  )
}

/** States stand in the text, not in the values: partial indexes are chosen by what the text says. */
function addState(conditions: Conditions, state: DeliveryFilter['state']): void {
  if (state === null) return
  if (state === 'retrying')
    conditions.addText(`state = 'pending' and attempt_count > 0 and next_attempt_at is not null`)
  else conditions.addText(`state = '${state}'`)
}

/**
 * One index (workspace, type, id) serves lists with and without a type: without one, the newest of each type are taken
 * and merged. The catalogue only grows, so no stored row has a type that is not in it.
 */
async function findIds(
  sql: Sql,
  { table, typeColumn }: { table: string; typeColumn: string | null },
  conditions: Conditions,
  page: ListPage,
): Promise<string[]> {
  const limit = page.limit + 1
  const text =
    typeColumn === null
      ? `select id from ${table} where ${conditions.text} order by id desc limit ${limit}`
      : `select id from unnest(${conditions.value(EVENT_TYPES.map(({ name }) => name))}::text[]) as kind (name)
           cross join lateral (select id from ${table} where ${typeColumn} = kind.name and ${conditions.text}
             order by id desc limit ${limit}) as newest
         order by id desc limit ${limit}`
  const rows = await sql.query<{ id: string }>(text, conditions.values)
  return rows.map(({ id }) => id)
}

class Conditions {
  readonly values: unknown[] = []
  private readonly parts: string[] = []

  constructor(workspaceId: string) {
    this.add('workspace_id =', workspaceId)
  }

  get text(): string {
    return this.parts.join(' and ')
  }

  /** The placeholder of one more value. */
  value(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  add(start: string, value: unknown): void {
    this.parts.push(`${start} ${this.value(value)}`)
  }

  addText(text: string): void {
    this.parts.push(text)
  }

  /**
   * Ids are UUIDv7, ordered by time and partitioned by it, so a range of times is also one of ids: wide by a minute,
   * to let PostgreSQL skip partitions, while `created_at` itself decides.
   */
  addRange({ from, to }: TimeRange, { beforeId }: ListPage): void {
    if (beforeId !== null) this.add('id <', beforeId)
    if (from !== null) {
      const value = this.value(from)
      this.addText(
        `created_at >= ${value} and id >= uuid_v7_floor(greatest(${value}::timestamptz - ${ID_CLOCK_SLACK}, 'epoch'))`,
      )
    }
    if (to !== null) {
      const value = this.value(to)
      this.addText(`created_at < ${value} and id < uuid_v7_floor(${value}::timestamptz + ${ID_CLOCK_SLACK})`)
    }
  }
}
