import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type CallApi, createWebhookApi, type WebhookApi } from '../../support/webhook-api.ts'
import { auditOf, createWebhook, publishEvent, type WebhookBody } from '../../support/webhooks.ts'

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

async function statesOf(webhookId: string): Promise<string[]> {
  const rows = await api.database.sql.query<{ state: string }>(
    'select state from webhook_delivery where webhook_id = $1 order by id',
    [webhookId],
  )
  return rows.map(({ state }) => state)
}

describe('rule 1: a webhook that is turned off and on', () => {
  test('says who turned it off, holds new events and sends them when asked to', async () => {
    const webhook = await createWebhook(call, { events: ['project.created'] })
    const path = `/webhooks/${webhook.id}`
    const off = await call<WebhookBody>('PATCH', path, { enabled: false })
    expect(off.body).toMatchObject({ enabled: false, status: 'disabled', disabledReason: 'user' })
    expect(off.body.disabledBy).toMatch(/^key test-/)
    await publishEvent(call, 'project.created')
    await publishEvent(call, 'project.created')
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
    expect(await auditOf(api, webhook.id)).toEqual([
      'webhook.created',
      'webhook.disabled',
      'webhook.enabled',
      'webhook.held_sent',
    ])
  })

  test('refuses sendHeld without enabled: true', async () => {
    const webhook = await createWebhook(call)
    for (const change of [{ sendHeld: true }, { sendHeld: true, enabled: false }]) {
      const { status, body } = await call<WebhookBody>('PATCH', `/webhooks/${webhook.id}`, change)
      expect([status, body.errors?.[0]?.pointer]).toEqual([422, '/sendHeld'])
    }
  })

  test('is turned on after a 410 with its clock of failure cleared and its alert closed by recovery', async () => {
    const webhook = await createWebhook(call)
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
    const webhook = await createWebhook(call, { enabled: false })
    await fillDeliveries(webhook.id, 5_000, 'held')
    const { body } = await call('PATCH', `/webhooks/${webhook.id}`, { enabled: true, sendHeld: true })
    expect(body).toMatchObject({ heldCount: 0, openCount: 5_000 })
  })
})

describe('rule 2: a webhook that is deleted', () => {
  test('cancels what is open and held, keeps its deliveries readable, and is gone itself', async () => {
    const webhook = await createWebhook(call, { events: ['phase.created'], headers: { 'x-a': 'one-secret' } })
    const path = `/webhooks/${webhook.id}`
    await publishEvent(call, 'phase.created')
    await call('PATCH', path, { enabled: false })
    await publishEvent(call, 'phase.created')
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
    const webhook = await createWebhook(call, { headers: { 'x-a': 'one-secret' } })
    await call('DELETE', `/webhooks/${webhook.id}`)
    const rows = await api.database.sql.query(
      `select headers_encrypted, (select count(*)::int from webhook_secret where webhook_id = webhook.id) as secrets
       from webhook where id = $1`,
      [webhook.id],
    )
    expect(rows).toEqual([{ headers_encrypted: null, secrets: 0 }])
    await publishEvent(call, 'task.created')
    expect(await statesOf(webhook.id)).toEqual([])
  })

  test('is deleted although an attempt is being recorded against it the other way round', async () => {
    const webhook = await createWebhook(call)
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
    const webhook = await createWebhook(call)
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
    const webhook = await createWebhook(call)
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
    const webhook = await createWebhook(call, { enabled: false })
    expect((await call('POST', `/webhooks/${webhook.id}/retry-failed`)).status).toBe(409)
  })
})

describe('another workspace', () => {
  test('finds none of it', async () => {
    const webhook = await createWebhook(call)
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
    const webhook = await createWebhook(call)
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
