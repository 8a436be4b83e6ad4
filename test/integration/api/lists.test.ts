import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { SCOPES } from '../../../src/domain/scopes.ts'
import { type Answer, startTestApi, type TestApi } from '../../support/api.ts'

const ROWS = 50_000
const WEBHOOKS = 20

let api: TestApi
let webhookIds: string[]
/** Taken in turn, so that the limit per key is never met. */
let keys: string[]
let filled: ReadonlySet<string>

beforeAll(async () => {
  api = await startTestApi()
  keys = await Promise.all(Array.from({ length: 12 }, () => api.createKey(SCOPES)))
  webhookIds = await fill()
  const tables = await api.database.sql.query<{ name: string }>(
    'select relname as name from pg_class where reltuples > 2000',
  )
  filled = new Set(tables.map(({ name }) => name))
  expect(filled.size).toBeGreaterThan(6)
})
afterAll(() => api[Symbol.asyncDispose]())

function get(path: string): Promise<Answer> {
  const [key = ''] = keys
  keys = [...keys.slice(1), key]
  return api.call('GET', path, { key })
}

/** Events and deliveries of four weeks, spread over webhooks, states and types; most have succeeded. */
async function fill(): Promise<string[]> {
  const { sql } = api.database
  await sql.query(`select ensure_partitions(now() - n * interval '1 week') from generate_series(0, 4) n`)
  const webhooks = await sql.query<{ id: string }>(
    `insert into webhook (id, workspace_id, url, events, schedule)
     select gen_random_uuid(), $1, 'http://127.0.0.1:9/', '{task.created}', 'standard' from generate_series(1, $2) returning id`,
    [api.workspaceId, WEBHOOKS],
  )
  const ids = webhooks.map(({ id }) => id)
  await sql.query(
    `create function id_at(at timestamptz) returns uuid language sql as $$
       select (substr(floor_text, 1, 24) || substr(replace(gen_random_uuid()::text, '-', ''), 1, 12))::uuid
       from (select uuid_v7_floor(at)::text as floor_text) f $$`,
  )
  for (let part = 0; part < 5; part += 1)
    await sql.query(
      `with row as (
         select n, id_at(at) as id, at, ($2::uuid[])[1 + n % ${WEBHOOKS}] as webhook_id,
           (array['task.created', 'task.updated', 'project.deleted'])[1 + n % 3] as type,
           case when n % 50 = 0 then 'failed' when n % 51 = 0 then 'pending' when n % 97 = 0 then 'held' else 'succeeded' end as state
         from (select n, now() - n * interval '48 seconds' as at
           from generate_series($3::int, $3::int + ${ROWS / 5 - 1}) n) clock
       ), events as (
         insert into event (id, workspace_id, type, "timestamp", created_at, payload)
         select id, $1, type, at, at, '{}' from row
       )
       insert into webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, state, attempt_count, next_attempt_at, created_at)
       select id, $1, webhook_id, id, type, state, n % 2, case when state = 'pending' then now() end, at from row`,
      [api.workspaceId, ids, (part * ROWS) / 5],
    )
  await sql.query('analyze event')
  await sql.query('analyze webhook_delivery')
  return ids
}

/** What PostgreSQL would do for the statements that a request makes. */
async function plansOf(path: string): Promise<string[]> {
  const spy = vi.spyOn(Client.prototype, 'query')
  const answer = await get(path)
  const statements = spy.mock.calls.map(([config, values]) => readStatement(config, values))
  spy.mockRestore()
  expect(answer.status, path).toBe(200)
  const lists = statements.filter(
    ({ text }) => /^\s*select/i.test(text) && /from "?(webhook_delivery|event)\b/.test(text),
  )
  return Promise.all(
    lists.map(async ({ text, values }) => {
      const { rows } = await api.database.pool.query<{ 'QUERY PLAN': string }>(
        `explain (costs off) ${text}`,
        values,
      )
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    }),
  )
}

function readStatement(config: unknown, values: unknown): { text: string; values: unknown[] } {
  if (typeof config === 'string')
    return { text: config, values: Array.isArray(values) ? (values as unknown[]) : [] }
  const { text = '', values: own } = config as { text?: string; values?: unknown[] }
  return { text, values: own ?? (Array.isArray(values) ? (values as unknown[]) : []) }
}

/** Tables read from end to end. Partitions that hold next to nothing may be: that is quicker than any index. */
function scansOf(plan: string): string[] {
  return [...plan.matchAll(/Seq Scan on (\w+)/g)].flatMap(([, table = '']) =>
    filled.has(table) ? [table] : [],
  )
}

function combinations(): string[] {
  const recent = new Date(Date.now() - 3 * 86_400_000).toISOString()
  const filters: string[][] = [
    ['', `webhookId=${webhookIds[3] ?? ''}`],
    [
      '',
      'state=failed',
      'state=pending',
      'state=retrying',
      'state=succeeded',
      'state=held',
      'state=cancelled',
    ],
    ['', 'eventType=task.updated', 'eventType=phase.completed'],
    ['', `from=${recent}`, `to=${recent}`],
  ]
  return filters.reduce<string[]>(
    (paths, choices) => paths.flatMap((path) => choices.map((choice) => `${path}&${choice}`)),
    ['/api/v1/deliveries?limit=50'],
  )
}

describe('a list over fifty thousand rows', () => {
  it(
    'of deliveries is answered from an index, whatever filters are combined',
    { timeout: 120_000 },
    async () => {
      for (const path of combinations()) {
        const plans = await plansOf(path)
        expect(plans.length, path).toBeGreaterThan(0)
        for (const plan of plans) expect(scansOf(plan), `${path}\n${plan}`).toEqual([])
      }
    },
  )

  it('of events is answered from an index', async () => {
    for (const query of [
      '',
      '&eventType=task.updated',
      `&from=${new Date(Date.now() - 86_400_000).toISOString()}`,
    ]) {
      const plans = await plansOf(`/api/v1/events?limit=50${query}`)
      expect(plans.length).toBeGreaterThan(0)
      for (const plan of plans) expect(scansOf(plan), plan).toEqual([])
    }
  })

  it('pages through everything once, newest first, while rows are added', { timeout: 60_000 }, async () => {
    const path = `/api/v1/deliveries?limit=100&state=failed`
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body } = await get(`${path}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...(body['data'] as { id: string }[]).map(({ id }) => id))
      cursor = body['nextCursor'] as string | null
      await api.database.sql.query(
        `insert into webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, state)
         values (id_at(now()), $1, $2, gen_random_uuid(), 'task.created', 'failed')`,
        [api.workspaceId, webhookIds[0]],
      )
    }
    const failed = ROWS / 50
    expect(seen).toHaveLength(failed)
    expect(new Set(seen).size).toBe(failed)
    expect(seen).toEqual([...seen].sort().reverse())
  })

  it('keeps to the times asked for: from inclusive, to exclusive', async () => {
    const newest = (await get('/api/v1/deliveries?limit=3&state=held')).body['data'] as {
      createdAt: string
      id: string
    }[]
    const [, middle, oldest] = newest
    const range = `from=${oldest?.createdAt ?? ''}&to=${middle?.createdAt ?? ''}`
    const { body } = await get(`/api/v1/deliveries?state=held&${range}`)
    expect((body['data'] as { id: string }[]).map(({ id }) => id)).toEqual([oldest?.id])
  })

  it.each(['/api/v1/events', '/api/v1/deliveries'])(
    'of %s from the beginning of time has everything',
    async (path) => {
      const { status, body } = await get(`${path}?from=1970-01-01T00:00:00.000Z&limit=100`)
      expect({ status, count: (body as { data: unknown[] }).data.length }).toEqual({
        status: 200,
        count: 100,
      })
    },
  )

  it('shows retrying ones as pending, and only those that will be tried again', async () => {
    const { body } = await get('/api/v1/deliveries?state=retrying&limit=100')
    const data = body['data'] as { state: string; attemptCount: number; nextAttemptAt: string | null }[]
    expect(data.length).toBeGreaterThan(10)
    for (const delivery of data) {
      expect(delivery).toMatchObject({ state: 'pending' })
      expect(delivery.attemptCount).toBeGreaterThan(0)
      expect(delivery.nextAttemptAt).not.toBeNull()
    }
  })
})
