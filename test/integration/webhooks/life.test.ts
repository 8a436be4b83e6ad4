import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { CallApi, WebhookApi } from '../../support/webhook-api.ts'
import { createWebhookApi } from '../../support/webhook-api.ts'

interface WebhookBody {
  id: string
  url: string
  events: string[]
  status: string
  enabled: boolean
  headers: Record<string, string>
  schedule: unknown
  waits: string[]
  heldCount: number
  openCount: number
  secret?: string
  updatedAt: string
  disabledReason: string | null
  disabledBy: string | null
  lastDelivery: { id: string; state: string } | null
  errors?: { pointer: string; detail: string }[]
}

let api: WebhookApi
let call: CallApi
let workspaceId: string

beforeAll(async () => {
  api = await createWebhookApi()
  ;({ call, workspaceId } = await api.createWorkspace())
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const valid = { url: 'https://hooks.acme.com/in/42', events: ['task.*'] }

async function create(input: Record<string, unknown> = {}, by = call): Promise<WebhookBody> {
  const answer = await by<WebhookBody>('POST', '/webhooks', { ...valid, ...input })
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}

async function publish(type: string, by = call): Promise<string> {
  const answer = await by<{ id: string }>('POST', '/events', { type, data: { a: 1 } })
  expect(answer.status, answer.text).toBe(202)
  return answer.body.id
}

async function statesOf(webhookId: string): Promise<string[]> {
  const rows = await api.database.sql.query<{ state: string }>(
    'select state from webhook_delivery where webhook_id = $1 order by id',
    [webhookId],
  )
  return rows.map(({ state }) => state)
}

async function auditOf(objectId: string): Promise<string[]> {
  const rows = await api.database.sql.query<{ action: string }>(
    'select action from audit_entry where object_id = $1 order by id',
    [objectId],
  )
  return rows.map(({ action }) => action)
}

describe('creating a webhook', () => {
  test('answers the whole shape, the secret this once', async () => {
    const { status, body, headers } = await call('POST', '/webhooks', {
      ...valid,
      events: ['task.*', 'task.*', 'project.created'],
      headers: { 'X-Team': 'blue-team-1' },
      description: 'Billing',
    })
    expect(status).toBe(201)
    expect(headers).toMatchObject({
      location: `/api/v1/webhooks/${String(body['id'])}`,
      'cache-control': 'no-store',
    })
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      url: valid.url,
      breaker: { state: 'closed', openedAt: null },
      description: 'Billing',
      events: ['task.*', 'project.created'],
      enabled: true,
      status: 'enabled',
      disabledReason: null,
      disabledAt: null,
      disabledBy: null,
      schedule: ['1m', '5m'],
      waits: ['1m', '5m'],
      headers: { 'x-team': '••••' },
      timeoutMs: 15_000,
      concurrency: 8,
      heldCount: 0,
      openCount: 0,
      stats24h: {
        succeeded: 0,
        failed: 0,
        successRate: null,
        p95ResponseTimeMs: null,
        series: expect.any(Array) as unknown[],
      },
      lastDelivery: null,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/) as string,
      updatedAt: expect.any(String) as string,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) as string,
    })
    expect((body['stats24h'] as { series: unknown[] }).series).toHaveLength(24)
    const shown = await call<WebhookBody>('GET', `/webhooks/${String(body['id'])}`)
    expect(shown.body.secret).toBeUndefined()
    expect(shown.text).not.toContain('blue-team-1')
  })

  test('takes the secret and the schedule that it is given', async () => {
    const webhook = await create({ secret: 'a-secret-of-my-own', schedule: 'short', enabled: false })
    expect(webhook).toMatchObject({
      secret: 'a-secret-of-my-own',
      schedule: 'short',
      waits: ['2m', '4m', '8m'],
      status: 'disabled',
      disabledReason: 'user',
    })
  })

  test('says everything that is wrong at once and stores nothing', async () => {
    const before = await call<{ data: unknown[] }>('GET', '/webhooks')
    const { status, body } = await call<WebhookBody>('POST', '/webhooks', {
      url: 'https://127.0.0.1:6379/',
      events: ['task.created', 'task.exploded'],
      schedule: ['1m', '8d'],
      headers: { Host: 'x', 'X-A': 'one', 'x-a': 'two' },
      secret: 'short',
    })
    expect(status).toBe(422)
    expect(body.errors?.map(({ pointer }) => pointer)).toEqual([
      '/url',
      '/events/1',
      '/schedule/1',
      '/headers/Host',
      '/headers/x-a',
      '/secret',
    ])
    expect((await call<{ data: unknown[] }>('GET', '/webhooks')).body.data).toHaveLength(
      before.body.data.length,
    )
  })

  test.each([
    [{ url: 5 }, '/url'],
    [{ events: [] }, '/events'],
    [{ events: 'task.created' }, '/events'],
    [{ concurrency: 0 }, '/concurrency'],
    [{ concurrency: 101 }, '/concurrency'],
    [{ timeoutMs: '2000' }, '/timeoutMs'],
    [{ timeoutMs: 999 }, '/timeoutMs'],
    [{ schedule: '1m' }, '/schedule'],
    [{ schedule: [] }, '/schedule'],
    [{ schedule: Array.from({ length: 21 }, () => '1m') }, '/schedule'],
    [{ headers: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`x-${n}`, 'v'])) }, '/headers'],
    [{ headers: { 'x-a': 'a\r\nb: c' } }, '/headers/x-a'],
    [{ headers: { 'webhook-signature': 'v1,x' } }, '/headers/webhook-signature'],
    [{ headers: [] }, '/headers'],
    [{ description: 'two\nlines' }, '/description'],
    [{ secret: 'x'.repeat(257) }, '/secret'],
    [{ secret: 'whsec_not base64 at all' }, '/secret'],
    [{ sendHeld: true }, '/sendHeld'],
    [{ status: 'enabled' }, '/status'],
  ])('refuses %j', async (input, pointer) => {
    const { status, body } = await call<WebhookBody>('POST', '/webhooks', { ...valid, ...input })
    expect(status).toBe(422)
    expect(body.errors?.map((problem) => problem.pointer)).toContain(pointer)
  })

  test('checks a URL as creating would', async () => {
    expect((await call('POST', '/webhooks/check-url', { url: valid.url })).status).toBe(204)
    const refused = await call<WebhookBody>('POST', '/webhooks/check-url', { url: 'https://10.0.0.1/' })
    expect(refused.status).toBe(422)
    expect(refused.body.errors?.[0]?.detail).toContain('POSTRIDER_ALLOWED_TARGETS')
  })
})

describe('changing a webhook', () => {
  test('changes what is given and nothing else', async () => {
    const webhook = await create({ headers: { 'x-a': 'one-secret', 'x-b': 'two-secret' } })
    const { status, body } = await call<WebhookBody>('PATCH', `/webhooks/${webhook.id}`, {
      events: ['*'],
      headers: { 'X-A': '••••', 'x-c': 'three-secret' },
      timeoutMs: 1_000,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      url: valid.url,
      events: ['*'],
      headers: { 'x-a': '••••', 'x-c': '••••' },
      timeoutMs: 1_000,
    })
    const [row] = await api.database.sql.query<{ text: string }>(
      'select headers_encrypted as text from webhook where id = $1',
      [webhook.id],
    )
    const context = { workspaceId, webhookId: webhook.id, secretId: 'headers' }
    expect(JSON.parse(api.cipher.decrypt(row?.text ?? '', context).reveal())).toEqual({
      'x-a': 'one-secret',
      'x-c': 'three-secret',
    })
    const reset = await call('PATCH', `/webhooks/${webhook.id}`, {
      headers: {},
      timeoutMs: null,
      description: null,
    })
    expect(reset.body).toMatchObject({ headers: {}, timeoutMs: 15_000 })
    expect(await auditOf(webhook.id)).toEqual(['webhook.created', 'webhook.changed', 'webhook.changed'])
  })

  test('refuses members that are not its to change, and leaves all as it was', async () => {
    const webhook = await create()
    for (const change of [
      { secret: 'x'.repeat(20) },
      { status: 'enabled' },
      { url: 'ftp://a.com' },
      { id: 'x' },
      { url: null },
    ])
      expect((await call('PATCH', `/webhooks/${webhook.id}`, change)).status).toBe(422)
    expect((await call<WebhookBody>('GET', `/webhooks/${webhook.id}`)).body.updatedAt).toBe(webhook.updatedAt)
    expect((await call('PATCH', `/webhooks/${webhook.id}`, {})).status).toBe(200)
    expect(await auditOf(webhook.id)).toEqual(['webhook.created'])
  })

  test('honours If-Match', async () => {
    const webhook = await create()
    const path = `/webhooks/${webhook.id}`
    const etag = String((await call('GET', path)).headers['etag'])
    const changed = await call('PATCH', path, { description: 'one' }, { 'if-match': etag })
    expect(changed.status).toBe(200)
    expect(changed.headers['etag']).not.toBe(etag)
    expect((await call('PATCH', path, { description: 'two' }, { 'if-match': etag })).status).toBe(412)
    expect((await call('DELETE', path, undefined, { 'if-match': etag })).status).toBe(412)
    expect((await call('PATCH', path, { description: 'three' }, { 'if-match': '*' })).status).toBe(200)
    expect((await call('GET', path)).body).toMatchObject({ description: 'three' })
  })

  test('of many changes with the same ETag exactly one wins', async () => {
    const webhook = await create()
    const etag = String((await call('GET', `/webhooks/${webhook.id}`)).headers['etag'])
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const answer = await call(
          'PATCH',
          `/webhooks/${webhook.id}`,
          { description: `n${n}` },
          { 'if-match': etag },
        )
        return answer.status
      }),
    )
    expect(statuses.sort()).toEqual([200, 412, 412, 412, 412, 412, 412, 412])
  })
})

describe('rule 1: a webhook that is turned off and on', () => {
  test('says who turned it off, holds new events and sends them when asked to', async () => {
    const webhook = await create({ events: ['project.created'] })
    const path = `/webhooks/${webhook.id}`
    const off = await call<WebhookBody>('PATCH', path, { enabled: false })
    expect(off.body).toMatchObject({ enabled: false, status: 'disabled', disabledReason: 'user' })
    expect(off.body.disabledBy).toMatch(/^key test-/)
    await publish('project.created')
    await publish('project.created')
    expect((await call('GET', path)).body).toMatchObject({
      heldCount: 2,
      openCount: 0,
      lastDelivery: { state: 'held' },
    })

    const on = await call('PATCH', path, { enabled: true })
    expect(on.body).toMatchObject({
      enabled: true,
      status: 'enabled',
      disabledReason: null,
      disabledAt: null,
      disabledBy: null,
      heldCount: 2,
    })
    const sent = await call('PATCH', path, { enabled: true, sendHeld: true })
    expect(sent.body).toMatchObject({ heldCount: 0, openCount: 2 })
    const due = await api.database.sql.query(
      'select 1 from webhook_delivery where webhook_id = $1 and dispatch_at <= now() and next_attempt_at <= now()',
      [webhook.id],
    )
    expect(due).toHaveLength(2)
    expect(await auditOf(webhook.id)).toEqual([
      'webhook.created',
      'webhook.disabled',
      'webhook.enabled',
      'webhook.held_sent',
    ])
  })

  test('refuses sendHeld without enabled: true', async () => {
    const webhook = await create()
    for (const change of [{ sendHeld: true }, { sendHeld: true, enabled: false }]) {
      const { status, body } = await call<WebhookBody>('PATCH', `/webhooks/${webhook.id}`, change)
      expect([status, body.errors?.[0]?.pointer]).toEqual([422, '/sendHeld'])
    }
  })

  test('is turned on after a 410 with its clock of failure cleared and its alert closed by recovery', async () => {
    const webhook = await create()
    await api.database.sql.query(
      `update webhook set enabled = false, disabled_reason = 'gone', disabled_at = now(), failing_since = now(), version = version + 1
       where id = $1`,
      [webhook.id],
    )
    await api.database.sql.query(
      `insert into alert (id, workspace_id, webhook_id, kind, open_notice_due_at) values ($1, $2, $3, 'disabled', null)`,
      [api.ids.next(), workspaceId, webhook.id],
    )
    // Turning off what is off already changes nothing, not even the reason.
    expect((await call('PATCH', `/webhooks/${webhook.id}`, { enabled: false })).body).toMatchObject({
      disabledReason: 'gone',
    })
    await call('PATCH', `/webhooks/${webhook.id}`, { enabled: true })
    const [row] = await api.database.sql.query('select failing_since from webhook where id = $1', [
      webhook.id,
    ])
    expect(row).toEqual({ failing_since: null })
    const alerts = await api.database.sql.query(
      'select state, close_notice_due_at is not null as "isToldOf" from alert where webhook_id = $1',
      [webhook.id],
    )
    expect(alerts).toEqual([{ state: 'closed', isToldOf: true }])
  })

  test('releases thousands of held deliveries in one change', async () => {
    const webhook = await create({ enabled: false })
    await fillDeliveries(webhook.id, 5_000, 'held')
    const { body } = await call('PATCH', `/webhooks/${webhook.id}`, { enabled: true, sendHeld: true })
    expect(body).toMatchObject({ heldCount: 0, openCount: 5_000 })
  })
})

describe('rule 2: a webhook that is deleted', () => {
  test('cancels what is open and held, keeps its deliveries readable, and is gone itself', async () => {
    const webhook = await create({ events: ['phase.created'], headers: { 'x-a': 'one-secret' } })
    const path = `/webhooks/${webhook.id}`
    await publish('phase.created')
    await call('PATCH', path, { enabled: false })
    await publish('phase.created')
    await api.database.sql.query(
      `insert into alert (id, workspace_id, webhook_id, kind) values ($1, $3, $4, 'exhausted'), ($2, $3, $4, 'disabled')`,
      [api.ids.next(), api.ids.next(), workspaceId, webhook.id],
    )
    expect(await statesOf(webhook.id)).toEqual(['pending', 'held'])
    expect((await call('DELETE', path)).status).toBe(204)
    expect(await statesOf(webhook.id)).toEqual(['cancelled', 'cancelled'])
    for (const [method, suffix] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/secret'],
      ['GET', '/stats'],
      ['POST', '/test'],
      ['POST', '/rotate-secret'],
      ['POST', '/retry-failed'],
    ] as const)
      expect((await call(method, path + suffix)).status, suffix).toBe(404)
    const deliveries = await call<{ data: unknown[] }>('GET', `/deliveries?webhookId=${webhook.id}`)
    expect(deliveries.body.data).toHaveLength(2)
    const alerts = await call<{ data: { state: string }[] }>('GET', `/alerts?webhookId=${webhook.id}`)
    expect(alerts.body.data.map(({ state }) => state)).toEqual(['closed', 'closed'])
    const unsent = await api.database.sql.query(
      'select 1 from alert where webhook_id = $1 and close_notice_due_at is not null',
      [webhook.id],
    )
    expect(unsent).toHaveLength(0)
  })

  test('leaves no secret behind', async () => {
    const webhook = await create({ headers: { 'x-a': 'one-secret' } })
    await call('DELETE', `/webhooks/${webhook.id}`)
    const rows = await api.database.sql.query(
      `select headers_encrypted, (select count(*)::int from webhook_secret where webhook_id = webhook.id) as secrets
       from webhook where id = $1`,
      [webhook.id],
    )
    expect(rows).toEqual([{ headers_encrypted: null, secrets: 0 }])
    await publish('task.created')
    expect(await statesOf(webhook.id)).toEqual([])
  })

  test('is deleted although an attempt is being recorded against it the other way round', async () => {
    const webhook = await create()
    await fillDeliveries(webhook.id, 3, 'pending')
    const { promise: isLocked, resolve: tellLocked } = Promise.withResolvers<unknown>()
    const recording = api.database.transaction(async (sql) => {
      await sql.query('select 1 from webhook_delivery where webhook_id = $1 order by id limit 1 for update', [
        webhook.id,
      ])
      tellLocked(null)
      await expect
        .poll(() =>
          api.database.sql.query(
            `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
          ),
        )
        .not.toHaveLength(0)
      await sql.query('update webhook set failing_since = now() where id = $1', [webhook.id])
    })
    await isLocked
    const deleting = call('DELETE', `/webhooks/${webhook.id}`)
    await recording.catch((error: unknown) => {
      expect(String(error)).toContain('deadlock')
    })
    expect((await deleting).status).toBe(204)
    expect(await statesOf(webhook.id)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  })

  test('counts the cancelled deliveries in its statistics', async () => {
    const webhook = await create()
    await fillDeliveries(webhook.id, 3, 'pending')
    await call('DELETE', `/webhooks/${webhook.id}`)
    const rows = await api.database.sql.query(
      'select metric, amount from webhook_stats_addition where webhook_id = $1',
      [webhook.id],
    )
    expect(rows).toEqual([{ metric: 'cancelled', amount: 3 }])
  })
})

describe('retrying all that failed', () => {
  test('asks for one attempt of each failed delivery, and counts them', async () => {
    const webhook = await create()
    await fillDeliveries(webhook.id, 3, 'failed')
    await fillDeliveries(webhook.id, 2, 'cancelled')
    const { status, body } = await call('POST', `/webhooks/${webhook.id}/retry-failed`)
    expect([status, body]).toEqual([202, { count: 3 }])
    const asked = await api.database.sql.query(
      'select 1 from webhook_delivery where webhook_id = $1 and retry_requested_at is not null',
      [webhook.id],
    )
    expect(asked).toHaveLength(3)
  })

  test('is refused while the webhook is off', async () => {
    const webhook = await create({ enabled: false })
    expect((await call('POST', `/webhooks/${webhook.id}/retry-failed`)).status).toBe(409)
  })
})

describe('an id in capitals or as a URN', () => {
  test.each([(id: string) => id.toUpperCase(), (id: string) => `urn:uuid:${id}`])(
    'is the same id',
    async (write) => {
      const { id, secret } = await create()
      const path = `/webhooks/${write(id)}`
      expect(await call('GET', path)).toMatchObject({ status: 200, body: { id } })
      expect(await call('GET', `${path}/secret`)).toMatchObject({ status: 200, body: { secret } })
      expect((await call('GET', `${path}/stats`)).status).toBe(200)
      await publish('task.created')
      const { status, body } = await call<{ data: unknown[] }>('GET', `/deliveries?webhookId=${write(id)}`)
      expect({ status, count: body.data.length }).toEqual({ status: 200, count: 1 })
    },
  )
})

describe('another workspace', () => {
  test('finds none of it', async () => {
    const webhook = await create()
    const other = await api.createWorkspace()
    const path = `/webhooks/${webhook.id}`
    for (const [method, suffix, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { enabled: false }],
      ['DELETE', '', undefined],
      ['GET', '/secret', undefined],
      ['GET', '/stats', undefined],
      ['POST', '/test', {}],
      ['POST', '/rotate-secret', {}],
      ['POST', '/retry-failed', undefined],
    ] as const)
      expect((await other.call(method, path + suffix, body)).status, `${method} ${suffix}`).toBe(404)
    expect((await other.call<{ data: unknown[] }>('GET', '/webhooks')).body.data).toEqual([])
    expect((await call('GET', path)).body).toMatchObject({ enabled: true })
  })

  test('and a key without the scope are refused', async () => {
    const webhook = await create()
    const reader = api.callAs(workspaceId, ['webhook:read'])
    const denied = await reader('GET', `/webhooks/${webhook.id}/secret`)
    expect(denied.status).toBe(403)
    expect(denied.text).toContain('webhook:secret')
    expect((await reader('PATCH', `/webhooks/${webhook.id}`, {})).status).toBe(403)
    expect((await reader('GET', '/alerts')).status).toBe(403)
  })
})

async function fillDeliveries(webhookId: string, count: number, state: string): Promise<void> {
  const made = Array.from({ length: count }, () => api.ids.next())
  await api.database.sql.query(
    `insert into webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, state)
     select id, $2, $3, id, 'task.created', $4 from unnest($1::uuid[]) as t(id)`,
    [made, workspaceId, webhookId, state],
  )
}
