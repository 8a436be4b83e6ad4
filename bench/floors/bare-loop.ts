// The floor of the direct lane: accept and commit, POST with all three signatures, record. No authentication, matching,
// address guard, lease or recovery: what a product adds is measured against it. Everything in one thread.
import { createHmac, createSecretKey, randomUUID } from 'node:crypto'

import Fastify from 'fastify'
import pg from 'pg'
import { Pool } from 'undici'

import { createGroupCommit } from '../../src/usecases/group-commit.ts'

const CONNECTIONS = 64
const ACCEPT_MAX = 500
const RECORD_MAX = 1_000
const RECORD_HOLD_MS = 10
const UNRECORDED_MAX = 5_000
const BODY_BYTES_MAX = 16 * 1024 * 1024

interface BareDelivery {
  readonly id: string
  readonly eventId: string
  readonly type: string
  readonly data: string
  readonly path: string
}

interface BareEvent {
  readonly id: string
  readonly type: string
  readonly data: string
  readonly deliveries: readonly BareDelivery[]
}

interface Recorded {
  readonly id: string
  readonly status: number
  readonly tookMs: number
}

const env = process.env as Readonly<
  Record<'DATABASE_URL' | 'PORT' | 'TARGET' | 'PATHS' | 'SECRET' | 'SENDING', string>
>
const paths = env.PATHS.split(',')
const key = createSecretKey(Buffer.from(env.SECRET))
const database = new pg.Pool({ connectionString: env.DATABASE_URL, max: 4 })
const receiver = new Pool(env.TARGET, { connections: CONNECTIONS, pipelining: 1 })

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

const accept = createGroupCommit<readonly BareEvent[], undefined>(
  async (groups) => {
    const events = groups.flat()
    const deliveries = events.flatMap((event) => event.deliveries)
    await database.query({
      name: 'accept',
      text: ACCEPT,
      values: [
        literalOf(events.map(({ id }) => id)),
        events.map(({ type }) => type).join('\x1e'),
        events.map(({ data }) => data).join('\x1e'),
        literalOf(deliveries.map(({ id }) => id)),
        literalOf(deliveries.map(({ eventId }) => eventId)),
      ],
    })
    return groups.map(() => undefined)
  },
  () => false,
  { sizeOf: (events) => events.length, sizeMax: ACCEPT_MAX, holdMs: 0 },
)

const record = createGroupCommit<Recorded, undefined>(
  async (batch) => {
    await database.query({
      name: 'record',
      text: RECORD,
      values: [
        literalOf(batch.map(({ id }) => id)),
        literalOf(batch.map(({ status }) => status)),
        literalOf(batch.map(({ tookMs }) => tookMs)),
      ],
    })
    return batch.map(() => undefined)
  },
  () => false,
  { sizeOf: () => 1, sizeMax: RECORD_MAX, holdMs: RECORD_HOLD_MS },
)

function literalOf(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`
}

/** Version 7 of RFC 9562: the time comes first, so that neighbours in time are neighbours in the index. */
function createId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

function hmac(text: string, encoding: 'hex' | 'base64'): string {
  return createHmac('sha256', key).update(text).digest(encoding)
}

async function post(path: string, headers: Record<string, string>, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0
    receiver.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, statusCode) => {
          status = statusCode
        },
        onResponseData: () => undefined,
        onResponseEnd: () => {
          resolve(status)
        },
        onResponseError: (_, error) => {
          reject(error)
        },
      },
    )
  })
}

async function send({ id, eventId, type, data, path }: BareDelivery): Promise<Recorded> {
  const beganMs = performance.now()
  const now = new Date()
  const seconds = Math.floor(now.getTime() / 1_000)
  const open = `{"id":"${eventId}","deliveryId":"${id}","eventType":"${type}","timestamp":"${now.toISOString()}","workflowId":"delivery-${id}","data":${data}`
  const body = `${open},"signature":"t=${seconds},v1=${hmac(`${seconds}.${open}}`, 'hex')}"}`
  const headers = {
    'content-type': 'application/json',
    'x-webhook-id': id,
    'x-webhook-signature': `t=${seconds},v1=${hmac(`${seconds}.${body}`, 'hex')}`,
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${hmac(`${id}.${seconds}.${body}`, 'base64')}`,
  }
  const status = await post(path, headers, body)
  return { id, status, tookMs: Math.round(performance.now() - beganMs) }
}

let queue: BareDelivery[] = []
let head = 0
let inFlight = 0
let unrecorded = 0

function pump(): void {
  while (inFlight < CONNECTIONS && unrecorded < UNRECORDED_MAX && head < queue.length) {
    const delivery = queue[head] as BareDelivery
    head += 1
    if (head === 1_024) {
      queue = queue.slice(head)
      head = 0
    }
    inFlight += 1
    unrecorded += 1
    void deliver(delivery)
  }
}

/** A place to send is free as soon as the answer is there; the record follows in a batch. */
async function deliver(delivery: BareDelivery): Promise<void> {
  const result = await send(delivery).finally(() => {
    inFlight -= 1
    pump()
  })
  await record(result)
  unrecorded -= 1
  pump()
}

function toEvent(type: string, data: string): BareEvent {
  const id = createId()
  return {
    id,
    type,
    data,
    deliveries: paths.map((path) => ({ id: createId(), eventId: id, type, data, path })),
  }
}

async function take(events: readonly BareEvent[]): Promise<{ id: string; deliveries: number }[]> {
  await accept(events)
  if (env.SENDING === 'true') {
    for (const { deliveries } of events) queue.push(...deliveries)
    pump()
  }
  return events.map(({ id, deliveries }) => ({ id, deliveries: deliveries.length }))
}

const app = Fastify({ bodyLimit: BODY_BYTES_MAX })
app.removeAllContentTypeParsers()
app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => {
  done(null, body)
})
app.get('/readyz', () => 'ready')
app.post('/events', async (request, reply) => {
  const raw = request.body as string
  const { type } = JSON.parse(raw) as { type: string }
  const [result] = await take([toEvent(type, raw.slice(raw.indexOf('"data":') + 7, -1))])
  return reply.code(202).send(result)
})
app.post('/events/batch', async (request, reply) => {
  const { events } = JSON.parse(request.body as string) as { events: { type: string; data: unknown }[] }
  const results = await take(events.map(({ type, data }) => toEvent(type, JSON.stringify(data))))
  return reply.code(202).send({ data: results })
})
await database.query(SCHEMA)
await app.listen({ host: '127.0.0.1', port: Number(env.PORT) })
