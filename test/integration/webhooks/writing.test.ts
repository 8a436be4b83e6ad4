import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type CallApi, createWebhookApi, type WebhookApi } from '../../support/webhook-api.ts'
import { auditOf, createWebhook, VALID_WEBHOOK, type WebhookBody } from '../../support/webhooks.ts'

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

describe('creating a webhook', () => {
  test('answers the whole shape, the secret this once', async () => {
    const { status, body, headers } = await call('POST', '/webhooks', {
      ...VALID_WEBHOOK,
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
      url: VALID_WEBHOOK.url,
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
    const webhook = await createWebhook(call, {
      secret: 'a-secret-of-my-own',
      schedule: 'short',
      enabled: false,
    })
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
    const { status, body } = await call<WebhookBody>('POST', '/webhooks', { ...VALID_WEBHOOK, ...input })
    expect(status).toBe(422)
    expect(body.errors?.map((problem) => problem.pointer)).toContain(pointer)
  })

  test('checks a URL as creating would', async () => {
    expect((await call('POST', '/webhooks/check-url', { url: VALID_WEBHOOK.url })).status).toBe(204)
    const refused = await call<WebhookBody>('POST', '/webhooks/check-url', { url: 'https://10.0.0.1/' })
    expect(refused.status).toBe(422)
    expect(refused.body.errors?.[0]?.detail).toContain('POSTRIDER_ALLOWED_TARGETS')
  })
})

describe('changing a webhook', () => {
  test('changes what is given and nothing else', async () => {
    const webhook = await createWebhook(call, { headers: { 'x-a': 'one-secret', 'x-b': 'two-secret' } })
    const { status, body } = await call<WebhookBody>('PATCH', `/webhooks/${webhook.id}`, {
      events: ['*'],
      headers: { 'X-A': '••••', 'x-c': 'three-secret' },
      timeoutMs: 1_000,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      url: VALID_WEBHOOK.url,
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
    expect(await auditOf(api, webhook.id)).toEqual(['webhook.created', 'webhook.changed', 'webhook.changed'])
  })

  test('refuses members that are not its to change, and leaves all as it was', async () => {
    const webhook = await createWebhook(call)
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
    expect(await auditOf(api, webhook.id)).toEqual(['webhook.created'])
  })

  test('honours If-Match', async () => {
    const webhook = await createWebhook(call)
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
    const webhook = await createWebhook(call)
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
