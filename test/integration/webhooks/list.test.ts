import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type CallApi, createWebhookApi, type WebhookApi } from '../../support/webhook-api.ts'

interface WebhookList {
  data: { id: string; url: string }[]
  nextCursor: string | null
}

let api: WebhookApi
beforeAll(async () => {
  api = await createWebhookApi()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

async function create(call: CallApi, input: Record<string, unknown>): Promise<string> {
  const { body, status, text } = await call<{ id: string }>('POST', '/webhooks', {
    url: 'https://hooks.acme.com/in',
    events: ['task.*'],
    ...input,
  })
  expect(status, text).toBe(201)
  return body.id
}

async function idsOf(call: CallApi, query: string): Promise<string[]> {
  const { body, status, text } = await call<WebhookList>('GET', `/webhooks${query}`)
  expect(status, text).toBe(200)
  return body.data.map(({ id }) => id)
}

describe('the list of webhooks', () => {
  test('is newest first, in pages that rows inserted meanwhile do not move', async () => {
    const { call } = await api.createWorkspace()
    const made: string[] = []
    for (let n = 0; n < 7; n += 1) made.push(await create(call, { description: `webhook ${n}` }))
    const first = await call<WebhookList>('GET', '/webhooks?limit=3')
    expect(first.body.data.map(({ id }) => id)).toEqual(made.slice(4).reverse())
    await create(call, {})
    const second = await call<WebhookList>('GET', `/webhooks?limit=3&cursor=${first.body.nextCursor ?? ''}`)
    expect(second.body.data.map(({ id }) => id)).toEqual(made.slice(1, 4).reverse())
    const last = await call<WebhookList>('GET', `/webhooks?limit=3&cursor=${second.body.nextCursor ?? ''}`)
    expect(last.body.data.map(({ id }) => id)).toEqual(made.slice(0, 1))
    expect(last.body.nextCursor).toBeNull()
  })

  test('is filtered by status, event type and text, all at once too', async () => {
    const { call } = await api.createWorkspace()
    const tasks = await create(call, { url: 'https://hooks.acme.com/100%25_done' })
    const off = await create(call, { enabled: false, events: ['project.created'] })
    const all = await create(call, { events: ['*'], description: 'Billing of ACME' })
    const failed = await create(call, { events: ['phase.completed', 'task.deleted'] })
    await api.database.sql.query('update webhook set failed_at = now() where id = $1', [failed])
    expect(await idsOf(call, '?status=enabled')).toEqual([all, tasks])
    expect(await idsOf(call, '?status=disabled')).toEqual([off])
    expect(await idsOf(call, '?status=failed')).toEqual([failed])
    expect(await idsOf(call, '?eventType=task.created')).toEqual([all, tasks])
    expect(await idsOf(call, '?eventType=task.deleted')).toEqual([failed, all, tasks])
    expect(await idsOf(call, '?eventType=task.*')).toEqual([failed, all, tasks])
    expect(await idsOf(call, '?eventType=project.created')).toEqual([all, off])
    expect(await idsOf(call, '?q=billing%20OF')).toEqual([all])
    expect(await idsOf(call, '?q=100%2525_d')).toEqual([tasks])
    expect(await idsOf(call, '?q=%25')).toEqual([tasks])
    expect(await idsOf(call, '?q=_')).toEqual([tasks])
    expect(await idsOf(call, '?q=%5C')).toEqual([])
    expect(await idsOf(call, '?status=enabled&eventType=task.created&q=acme&limit=100')).toEqual([all, tasks])
  })

  test.each([
    '?status=on',
    '?eventType=task.exploded',
    '?limit=0',
    '?limit=101',
    '?limit=ten',
    '?cursor=nonsense',
    '?q=%00',
    '?state=enabled',
    '?status=enabled&status=failed',
  ])('refuses %s', async (query) => {
    const { call } = await api.createWorkspace()
    expect((await call('GET', `/webhooks${query}`)).status).toBe(422)
  })

  test('takes the same statements, whatever the number of webhooks', async () => {
    const { call } = await api.createWorkspace()
    await create(call, {})
    const forOne = await statementsOf(() => call('GET', '/webhooks'))
    for (let n = 0; n < 20; n += 1) await create(call, {})
    const forMany = await statementsOf(() => call('GET', '/webhooks'))
    expect(forMany.map(({ text }) => text).sort()).toEqual(forOne.map(({ text }) => text).sort())
    expect(forMany.filter(({ text }) => text.includes('select'))).toHaveLength(3)
  })

  test('answers from indexes, whatever filters are combined, with 50 000 rows of every kind', async () => {
    const { call, workspaceId } = await api.createWorkspace()
    const webhookId = await create(call, {})
    await fill(workspaceId, webhookId)
    const cursor = Buffer.from(api.ids.next().replaceAll('-', ''), 'hex').toString('base64url')
    for (const filters of combinations([
      'status=failed',
      'eventType=task.created',
      'q=nowhere',
      `cursor=${cursor}`,
    ]))
      await expectIndexes(() => call('GET', `/webhooks?${filters}`), filters)
    for (const suffix of ['', '/stats?window=24h', '/stats?window=7d', '/stats?window=30d'])
      await expectIndexes(() => call('GET', `/webhooks/${webhookId}${suffix}`), suffix)
  })

  test('takes one row to find the last delivery, also of a webhook that has most of them', async () => {
    const { call } = await api.createWorkspace()
    const webhookId = await create(call, {})
    await fillDeliveries(await create(call, {}), webhookId, 2)
    await api.database.sql.query('analyze')
    const statements = await statementsOf(() => call('GET', '/webhooks'))
    const plan = (await plansOf(statements)).find((text) => text.includes('unnest')) ?? ''
    expect(plan).toContain('Limit')
    expect(plan).not.toContain('Sort')
  })
})

interface Statement {
  text: string
  values: unknown[]
}

/** What reached the database while `work` ran, on whatever connection. */
async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const statements: Statement[] = []
  const { Client } = await import('pg')
  const { prototype } = Client
  const original = prototype.query
  Object.assign(prototype, {
    query(this: unknown, config: string | Statement, ...more: unknown[]) {
      statements.push(
        typeof config === 'string'
          ? { text: config, values: [] }
          : { text: config.text, values: config.values },
      )
      return Reflect.apply(original, this, [config, ...more]) as unknown
    },
  })
  try {
    await work()
  } finally {
    Object.assign(prototype, { query: original })
  }
  return statements
}

/** The plans of the statements that read, under the settings that were made before them. */
async function plansOf(statements: readonly Statement[]): Promise<string[]> {
  return api.database.transaction(async (sql) => {
    const plans: string[] = []
    for (const { text, values } of statements) {
      if (text.startsWith('set local')) await sql.query(text)
      if (!text.includes('select')) continue
      const rows = await sql.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values)
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
    }
    return plans
  })
}

/** Reading an empty partition from end to end costs nothing; anything else must not be read so. */
async function expectIndexes(work: () => Promise<unknown>, message: string): Promise<void> {
  const plans = await plansOf(await statementsOf(work))
  expect(plans.length, message).toBeGreaterThan(0)
  for (const plan of plans) {
    const scans = [...plan.matchAll(/Seq Scan on webhook\S*.*cost=[\d.]+\.\.(\d+)/g)]
    expect(scans.filter(([, cost]) => Number(cost) > 1).length, `${message}\n${plan}`).toBe(0)
  }
}

/** Every subset, joined as a query string. */
function combinations(filters: readonly string[]): string[] {
  return filters.reduce<string[]>(
    (subsets, filter) => [
      ...subsets,
      ...subsets.map((subset) => (subset === '' ? filter : `${subset}&${filter}`)),
    ],
    [''],
  )
}

/** 50 000 webhooks in 100 workspaces, deliveries of which this webhook has every fiftieth, and a rollup. */
async function fill(workspaceId: string, webhookId: string): Promise<void> {
  const { sql } = api.database
  const workspaces = Array.from({ length: 100 }, () => api.ids.next())
  await sql.query(`insert into workspace (id, name) select id, 'other' from unnest($1::uuid[]) as t(id)`, [
    workspaces,
  ])
  const owners = [workspaceId, ...workspaces.slice(1)]
  for (let batch = 0; batch < 10; batch += 1) {
    const ids = Array.from({ length: 5_000 }, () => api.ids.next())
    await sql.query(
      `insert into webhook (id, workspace_id, url, events, schedule)
       select id, ($2::uuid[])[n % 100 + 1], 'https://hooks.acme.com/' || id, '{task.created}', 'standard'
       from unnest($1::uuid[]) with ordinality as t(id, n)`,
      [ids, owners],
    )
    await fillDeliveries(workspaceId, webhookId, 50)
    for (const table of ['webhook_stats', 'webhook_stats_addition'])
      await sql.query(
        `insert into ${table} (webhook_id, hour, metric, amount)
         select id, date_trunc('hour', now()), 'succeeded', 1 from unnest($1::uuid[]) as t(id)`,
        [ids],
      )
  }
  await sql.query('analyze')
}

/** 5 000 deliveries, one of so many to this webhook and the others to as many others. */
async function fillDeliveries(workspaceId: string, webhookId: string, oneOf: number): Promise<void> {
  const ids = Array.from({ length: 5_000 }, () => api.ids.next())
  await api.database.sql.query(
    `insert into webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, state)
     select id, $2, case when n % $4::int = 0 then $3::uuid else id end, id, 'task.created',
       (array['succeeded', 'failed', 'held', 'pending'])[n % 4 + 1]
     from unnest($1::uuid[]) with ordinality as t(id, n)`,
    [ids, workspaceId, webhookId, oneOf],
  )
}
