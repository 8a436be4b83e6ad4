import pg from 'pg'

import { createBatches } from './bare-batches.ts'

export interface BareDelivery {
  readonly id: string
  readonly eventId: string
  readonly type: string
  readonly data: string
  readonly path: string
}

export interface BareEvent {
  readonly id: string
  readonly type: string
  readonly data: string
  readonly deliveries: readonly BareDelivery[]
}

/** What came of a delivery. */
export interface BareResult {
  readonly id: string
  readonly status: number
  readonly tookMs: number
}

export interface BareStore {
  /** Resolves when the events and their deliveries are committed. */
  accept: (events: readonly BareEvent[]) => Promise<undefined>
  record: (result: BareResult) => Promise<undefined>
}

const CONNECTIONS = 4
const ACCEPT_MAX = 500
const RECORD_MAX = 1_000
const RECORD_HOLD_MS = 10

const SCHEMA = `
  create table bare_event (id uuid primary key, type text, payload text, created_at timestamptz default now());
  create table bare_delivery (id uuid primary key, event_id uuid, state text, due_at timestamptz);
  create index bare_delivery_due on bare_delivery (due_at) where state = 'pending';
  create table bare_attempt (delivery_id uuid, number integer, status integer, took_ms integer, body text,
    at timestamptz default now(), primary key (delivery_id, number))`

// Arrays travel as ready-made literals and payloads joined by a character that JSON cannot hold: no escaping.
const ACCEPT = `
  with events as (insert into bare_event (id, type, payload)
    select * from unnest($1::uuid[], string_to_array($2, e'\\x1e'), string_to_array($3, e'\\x1e')))
  insert into bare_delivery (id, event_id, state, due_at)
  select d, e, 'pending', now() + interval '30 seconds' from unnest($4::uuid[], $5::uuid[]) as t(d, e)`

const RECORD = `
  with attempts as (insert into bare_attempt (delivery_id, number, status, took_ms, body)
    select d, 1, status, ms, 'ok' from unnest($1::uuid[], $2::integer[], $3::integer[]) as t(d, status, ms))
  update bare_delivery set state = 'succeeded', due_at = null where id = any ($1::uuid[])`

/** One statement and one commit for all that comes at about the same time. */
export async function openBareStore(databaseUrl: string): Promise<BareStore> {
  const database = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS })
  await database.query(SCHEMA)
  return {
    accept: createBatches<readonly BareEvent[]>(
      async (groups) => database.query({ name: 'accept', text: ACCEPT, values: acceptValues(groups.flat()) }),
      { itemsMax: ACCEPT_MAX, holdMs: 0 },
    ),
    record: createBatches<BareResult>(
      async (results) => database.query({ name: 'record', text: RECORD, values: recordValues(results) }),
      { itemsMax: RECORD_MAX, holdMs: RECORD_HOLD_MS },
    ),
  }
}

function acceptValues(events: readonly BareEvent[]): string[] {
  const deliveries = events.flatMap((event) => event.deliveries)
  return [
    literalOf(events.map(({ id }) => id)),
    events.map(({ type }) => type).join('\x1e'),
    events.map(({ data }) => data).join('\x1e'),
    literalOf(deliveries.map(({ id }) => id)),
    literalOf(deliveries.map(({ eventId }) => eventId)),
  ]
}

function recordValues(results: readonly BareResult[]): string[] {
  return [
    literalOf(results.map(({ id }) => id)),
    literalOf(results.map(({ status }) => status)),
    literalOf(results.map(({ tookMs }) => tookMs)),
  ]
}

function literalOf(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`
}
