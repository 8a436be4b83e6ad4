import { createHmac } from 'node:crypto'

import { Webhook as StandardWebhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startReceiver } from '../../support/life.ts'
import { type CallApi, createWebhookApi, type WebhookApi } from '../../support/webhook-api.ts'

interface WebhookBody {
  id: string
  secret: string
  previousSecretExpiresAt: string | null
}

interface TestBody {
  attempt: Record<string, unknown> & {
    requestHeaders: Record<string, string>
    statusCode: number | null
    timings: Record<string, number | null>
  }
}

let api: WebhookApi
let call: CallApi
let receiver: Awaited<ReturnType<typeof startReceiver>>

beforeAll(async () => {
  api = await createWebhookApi()
  receiver = await startReceiver()
  ;({ call } = await api.createWorkspace())
})
afterAll(async () => {
  await receiver.close()
  await api[Symbol.asyncDispose]()
})

async function create(input: Record<string, unknown> = {}): Promise<WebhookBody> {
  const answer = await call<WebhookBody>('POST', '/webhooks', {
    url: receiver.url,
    events: ['task.*'],
    ...input,
  })
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}

const rotate = (id: string, body: unknown = {}) =>
  call<WebhookBody>('POST', `/webhooks/${id}/rotate-secret`, body)
const sendTest = (id: string, body?: unknown) => call<TestBody>('POST', `/webhooks/${id}/test`, body)
const reveal = (id: string) => call<{ secret: string }>('GET', `/webhooks/${id}/secret`)

/** How many secrets signed the last request, and whether each of these did. */
function lastSignatures(secrets: readonly string[]): { count: number; valid: boolean[] } {
  const request = receiver.received.at(-1)
  const header = String(request?.headers['x-webhook-signature'])
  const timestamp = /t=(\d+)/.exec(header)?.[1] ?? ''
  const signatures = [...header.matchAll(/v1=([0-9a-f]+)/g)].map(([, signature]) => signature)
  const valid = secrets.map((secret) =>
    signatures.includes(
      createHmac('sha256', secret)
        .update(`${timestamp}.${request?.body ?? ''}`)
        .digest('hex'),
    ),
  )
  return { count: signatures.length, valid }
}

describe('rotating a secret', () => {
  test('answers the new one, and both sign during the overlap', async () => {
    const webhook = await create()
    const beforeMs = Date.now()
    const { status, body, headers } = await rotate(webhook.id)
    expect(status).toBe(200)
    expect(headers['cache-control']).toBe('no-store')
    expect(body).toMatchObject({ id: webhook.id, url: receiver.url, status: 'enabled' })
    expect(body.secret).not.toBe(webhook.secret)
    const overlapMs = Date.parse(body.previousSecretExpiresAt ?? '') - beforeMs
    expect(Math.round(overlapMs / 60_000)).toBe(24 * 60)
    await sendTest(webhook.id)
    expect(lastSignatures([body.secret, webhook.secret])).toEqual({ count: 2, valid: [true, true] })
    expect((await reveal(webhook.id)).body.secret).toBe(body.secret)
  })

  test('with an overlap of 0 hours revokes every other secret now', async () => {
    const webhook = await create()
    const second = await rotate(webhook.id, { overlapHours: 168 })
    const third = await rotate(webhook.id, { overlapHours: 0, secret: 'my-own-third-secret' })
    expect(third.body).toMatchObject({ secret: 'my-own-third-secret', previousSecretExpiresAt: null })
    await sendTest(webhook.id)
    expect(lastSignatures(['my-own-third-secret', second.body.secret, webhook.secret])).toEqual({
      count: 1,
      valid: [true, false, false],
    })
  })

  test('stops signing with the old secret when its time has come, although nothing else changes', async () => {
    const webhook = await create()
    const { body } = await rotate(webhook.id, { overlapHours: 1 })
    await sendTest(webhook.id)
    expect(lastSignatures([webhook.secret]).valid).toEqual([true])
    await api.database.sql.query(
      'update webhook_secret set expires_at = now() where webhook_id = $1 and expires_at is not null',
      [webhook.id],
    )
    await api.database.sql.query('update webhook set version = version + 1 where id = $1', [webhook.id])
    await sendTest(webhook.id)
    expect(lastSignatures([body.secret, webhook.secret])).toEqual({ count: 1, valid: [true, false] })
  })

  test('keeps the number of live secrets bounded', async () => {
    const webhook = await create()
    const statuses: number[] = []
    for (let n = 0; n < 10; n += 1) statuses.push((await rotate(webhook.id)).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 200, 200, 409])
    await sendTest(webhook.id)
    expect(lastSignatures([]).count).toBe(10)
    expect((await rotate(webhook.id, { overlapHours: 0 })).status).toBe(200)
  })

  test('leaves one secret current when it happens twice at once', async () => {
    const webhook = await create()
    await Promise.all([rotate(webhook.id), rotate(webhook.id), rotate(webhook.id)])
    const rows = await api.database.sql.query(
      'select 1 from webhook_secret where webhook_id = $1 and expires_at is null',
      [webhook.id],
    )
    expect(rows).toHaveLength(1)
  })

  test.each([
    [{ overlapHours: 169 }, '/overlapHours'],
    [{ overlapHours: -1 }, '/overlapHours'],
    [{ overlapHours: 0.5 }, '/overlapHours'],
    [{ secret: 'short' }, '/secret'],
    [{ secret: `whsec_${'A'.repeat(31)}` }, '/secret'],
    [{ hours: 1 }, '/hours'],
  ])('refuses %j', async (body, pointer) => {
    const webhook = await create()
    const answer = await call<{ errors: { pointer: string }[] }>(
      'POST',
      `/webhooks/${webhook.id}/rotate-secret`,
      body,
    )
    expect([answer.status, answer.body.errors[0]?.pointer]).toEqual([422, pointer])
  })

  test('refuses a secret that signs already', async () => {
    const webhook = await create({ secret: 'the-one-and-only' })
    expect((await rotate(webhook.id, { secret: 'the-one-and-only' })).status).toBe(422)
  })
})

describe('a secret', () => {
  test('is revealed with no-store, and the audit log says so without holding it', async () => {
    const webhook = await create()
    const { status, body, headers } = await reveal(webhook.id)
    expect([status, body.secret, headers['cache-control']]).toEqual([200, webhook.secret, 'no-store'])
    const entries = await api.database.sql.query<{ action: string; actor: string }>(
      'select action, actor from audit_entry where object_id = $1 order by id',
      [webhook.id],
    )
    expect(entries.map(({ action }) => action)).toEqual(['webhook.created', 'secret.revealed'])
    expect(entries[1]?.actor).toMatch(/^key test-/)
  })

  test('stands neither in the database nor in the log, and in no answer but those that show it', async () => {
    const canaries = ['canary-secret-one-0123', 'canary-secret-two-0123', 'canary-header-value-0123']
    const [first = '', second = '', header = ''] = canaries
    const webhook = await create({ secret: first, headers: { 'x-canary': header } })
    await rotate(webhook.id, { secret: second })
    await call('POST', '/webhooks', {
      url: receiver.url,
      events: ['*'],
      secret: first,
      headers: { host: header },
    })
    await rotate(webhook.id, { secret: second })
    receiver.answers.push({ status: 500 })
    const shown = [
      await sendTest(webhook.id),
      await call('GET', '/webhooks'),
      await call('GET', `/webhooks/${webhook.id}`),
      await call('GET', '/audit-log'),
    ]
    const tables = await api.database.sql.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'`,
    )
    const rows = await Promise.all(
      tables.map(({ name }) => api.database.sql.query(`select row_to_json(t)::text as row from "${name}" t`)),
    )
    const seen = [...shown.map(({ text }) => text), ...api.log, JSON.stringify(rows)].join('\n')
    for (const canary of canaries) expect(seen.includes(canary), canary).toBe(false)
  })

  test('is masked where the receiver echoes it', async () => {
    const echo = await create({
      secret: 'echoed-secret-0123456',
      headers: { 'x-token': 'echoed-header-0123456' },
    })
    receiver.answers.push({ status: 200, headers: { 'x-request-id': 'echoed-header-0123456' } })
    const { body } = await sendTest(echo.id)
    expect(JSON.stringify(body)).not.toContain('echoed-header')
  })
})

describe('a test send', () => {
  test('posts a signed sample and answers the attempt', async () => {
    const webhook = await create({
      events: ['project.*', 'task.deleted'],
      headers: { 'x-team': 'blue-team-1' },
    })
    const { status, body } = await sendTest(webhook.id)
    expect(status).toBe(200)
    expect(body.attempt).toEqual({
      number: 1,
      trigger: 'test',
      startedAt: expect.stringMatching(/Z$/) as string,
      statusCode: 200,
      responseTimeMs: expect.any(Number) as number,
      responseBody: 'ok',
      responseBodyTruncated: false,
      responseHeaders: expect.any(Object) as object,
      requestHeaders: expect.objectContaining({
        'x-webhook-event': 'task.deleted',
        'x-webhook-attempt': '1',
        'x-team': '••••',
        'webhook-signature': 'v1,••••',
      }) as object,
      timings: {
        dnsMs: null,
        connectMs: body.attempt.timings['connectMs'],
        tlsMs: null,
        firstByteMs: expect.any(Number) as number,
      },
      remoteAddress: '127.0.0.1',
      failure: null,
      nextAttemptAt: null,
    })
    const request = receiver.received.at(-1)
    expect(request?.headers['x-team']).toBe('blue-team-1')
    expect(() =>
      new StandardWebhook(webhook.secret).verify(
        request?.body ?? '',
        request?.headers as Record<string, string>,
      ),
    ).not.toThrow()
  })

  test('takes the type it is told, works while disabled, and leaves no trace', async () => {
    const webhook = await create({ enabled: false, events: ['task.*', 'phase.*'] })
    receiver.answers.push({ status: 410 })
    const { status, body } = await sendTest(webhook.id, { type: 'phase.completed' })
    expect([status, body.attempt.statusCode, body.attempt['failure']]).toEqual([200, 410, 'gone'])
    expect(receiver.received.at(-1)?.headers['x-webhook-event']).toBe('phase.completed')
    const shown = await call('GET', `/webhooks/${webhook.id}`)
    expect(shown.body).toMatchObject({
      status: 'disabled',
      disabledReason: 'user',
      lastDelivery: null,
      openCount: 0,
    })
    const counted = await api.database.sql.query(
      'select 1 from webhook_stats_addition where webhook_id = $1',
      [webhook.id],
    )
    expect(counted).toEqual([])
  })

  test('of a type that is unknown or not subscribed to is refused and nothing is sent', async () => {
    const webhook = await create({ events: ['task.*'] })
    const before = receiver.received.length
    expect((await sendTest(webhook.id, { type: 'task.exploded' })).status).toBe(422)
    expect((await sendTest(webhook.id, { type: 'phase.completed' })).status).toBe(422)
    expect((await sendTest(webhook.id, { kind: 'task.created' })).status).toBe(422)
    expect(receiver.received).toHaveLength(before)
  })

  test('to a refused target answers the attempt that was not made', async () => {
    const webhook = await create()
    await api.database.sql.query(
      `update webhook set url = 'http://10.1.2.3/', version = version + 1 where id = $1`,
      [webhook.id],
    )
    const { status, body } = await sendTest(webhook.id)
    expect(status).toBe(200)
    expect(body.attempt).toMatchObject({ failure: 'blocked_target', statusCode: null, remoteAddress: null })
  })

  test('is possible 10 times a minute per webhook', async () => {
    const [webhook, other] = [await create(), await create()]
    const answers = []
    for (let n = 0; n < 11; n += 1) answers.push(await sendTest(webhook.id))
    expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 200), 429])
    expect(answers.at(-1)?.headers).toMatchObject({
      'retry-after': expect.stringMatching(/^\d+$/) as string,
      'ratelimit-limit': '10',
      'ratelimit-remaining': '0',
    })
    expect((await sendTest(other.id)).status).toBe(200)
  })
})
