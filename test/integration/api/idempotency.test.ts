import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { DomainError } from '../../../src/domain/errors.ts'
import { type CallOptions, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

let keys = 0
function keyed(body: unknown, key = `key-${(keys += 1)}`): CallOptions & { headers: Record<string, string> } {
  return { body, headers: { 'idempotency-key': key } }
}

async function countEvents(): Promise<number> {
  const [row] = await api.database.sql.query<{ count: number }>('select count(*)::int as count from event')
  return row?.count ?? 0
}

describe('publishing with an Idempotency-Key', () => {
  const event = { type: 'task.created', data: { a: 1 } }

  it('gives the first answer again, and says so', async () => {
    const first = await api.call('POST', '/api/v1/events', keyed(event, 'publish-1'))
    const again = await api.call('POST', '/api/v1/events', keyed(event, 'publish-1'))
    expect([first.status, again.status]).toEqual([202, 202])
    expect(again.body).toEqual(first.body)
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })

  it('takes the header and the member for the same thing', async () => {
    const first = await api.call('POST', '/api/v1/events', keyed(event, 'publish-2'))
    const again = await api.call('POST', '/api/v1/events', {
      body: { ...event, idempotencyKey: 'publish-2' },
    })
    expect(again.body).toEqual(first.body)
    const both = await api.call(
      'POST',
      '/api/v1/events',
      keyed({ ...event, idempotencyKey: 'publish-2' }, 'publish-2'),
    )
    expect(both.body).toEqual(first.body)
    const differing = await api.call(
      'POST',
      '/api/v1/events',
      keyed({ ...event, idempotencyKey: 'other' }, 'publish-2'),
    )
    expect(differing.status).toBe(422)
    expect(differing.body['errors']).toMatchObject([{ pointer: '/idempotencyKey' }])
  })

  it('refuses another body', async () => {
    await api.call('POST', '/api/v1/events', keyed(event, 'publish-3'))
    const other = await api.call('POST', '/api/v1/events', keyed({ ...event, data: { a: 2 } }, 'publish-3'))
    expect(other.status).toBe(422)
    expect(other.body['errors']).toMatchObject([{ pointer: '/idempotencyKey' }])
  })

  it('makes one event of a hundred at once, over two processes', async () => {
    await using second = await api.another()
    const before = await countEvents()
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 ? api : second).call('POST', '/api/v1/events', keyed(event, 'hundred')),
      ),
    )
    expect(await countEvents()).toBe(before + 1)
    const accepted = answers.filter(({ status }) => status === 202)
    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true)
    expect(new Set(accepted.map(({ body }) => body['id'])).size).toBe(1)
    expect(accepted.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1)
  })

  it('belongs to one workspace', async () => {
    const { key } = await api.createTenant()
    const first = await api.call('POST', '/api/v1/events', keyed(event, 'shared'))
    const other = await api.call('POST', '/api/v1/events', { ...keyed(event, 'shared'), key })
    expect(other.status).toBe(202)
    expect(other.body['id']).not.toBe(first.body['id'])
  })

  it.each(['x'.repeat(10_000), 'x'.repeat(256), 'with space', 'é', ''])(
    'refuses a key that cannot be kept: %#',
    async (key) => {
      const sent = await api.call('POST', '/api/v1/events', { body: { ...event, idempotencyKey: key } })
      expect(sent.status).toBe(422)
      expect(sent.body['errors']).toMatchObject([{ pointer: '/idempotencyKey' }])
    },
  )

  it('works per event in a batch, and for the batch as a whole', async () => {
    const first = await api.call('POST', '/api/v1/events', keyed(event, 'batched'))
    const batch = { events: [{ ...event, idempotencyKey: 'batched' }, event] }
    const sent = await api.call('POST', '/api/v1/events/batch', keyed(batch, 'whole'))
    expect(sent.status).toBe(202)
    const [one] = sent.body['data'] as { id: string }[]
    expect(one?.id).toBe(first.body['id'])
    const again = await api.call('POST', '/api/v1/events/batch', keyed(batch, 'whole'))
    expect(again.body).toEqual(sent.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    const before = await countEvents()
    const conflicting = { events: [event, { ...event, data: { other: 1 }, idempotencyKey: 'batched' }] }
    const refused = await api.call('POST', '/api/v1/events/batch', { body: conflicting })
    expect(refused.status).toBe(422)
    expect(refused.body['errors']).toMatchObject([{ pointer: '/events/1/idempotencyKey' }])
    expect(await countEvents()).toBe(before)
  })
})

describe('any other POST with an Idempotency-Key', () => {
  const body = { url: 'http://127.0.0.1:9/hook', events: ['*'] }

  async function countWebhooks(): Promise<number> {
    const [row] = await api.database.sql.query<{ count: number }>(
      'select count(*)::int as count from webhook',
    )
    return row?.count ?? 0
  }

  it('is done once, and its secret is kept encrypted', async () => {
    const first = await api.call('POST', '/api/v1/webhooks', keyed(body, 'create-1'))
    const again = await api.call(
      'POST',
      '/api/v1/webhooks',
      keyed({ events: ['*'], url: body.url }, 'create-1'),
    )
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.text).toBe(first.text)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    const rows = await api.database.sql.query<{ text: string }>(
      `select k::text as text from idempotency_key k where key = 'create-1'`,
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]?.text).not.toContain(String(first.body['secret']))
    expect(rows[0]?.text).not.toContain(body.url)
  })

  it('is refused with another body', async () => {
    await api.call('POST', '/api/v1/webhooks', keyed(body, 'create-2'))
    expect(
      (await api.call('POST', '/api/v1/webhooks', keyed({ ...body, events: ['task.*'] }, 'create-2'))).status,
    ).toBe(422)
  })

  it('is done once when a hundred come at once, over two processes', async () => {
    await using second = await api.another()
    const before = await countWebhooks()
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const one = index % 2 ? api : second
        return one.call('POST', '/api/v1/webhooks/check-url', keyed({ url: body.url }, 'many'))
      }),
    )
    expect(answers.map(({ status }) => status).filter((status) => ![204, 409, 429].includes(status))).toEqual(
      [],
    )
    expect(
      answers.filter(({ status, headers }) => status === 204 && headers.get('idempotency-replayed') === null),
    ).toHaveLength(1)
    expect(await countWebhooks()).toBe(before)
  })

  it('is per path', async () => {
    const one = await api.call('POST', '/api/v1/webhooks', { body })
    const two = await api.call('POST', '/api/v1/webhooks', { body })
    const paths = [one, two].map((made) => `/api/v1/webhooks/${String(made.body['id'])}/rotate-secret`)
    const rotated = [
      await api.call('POST', paths[0] ?? '', keyed({}, 'rotate')),
      await api.call('POST', paths[1] ?? '', keyed({}, 'rotate')),
    ]
    expect(rotated.map(({ status }) => status)).toEqual([200, 200])
    expect(rotated[0]?.body['secret']).not.toBe(rotated[1]?.body['secret'])
  })

  it('does not keep a refusal', async () => {
    const refused = await api.call('POST', '/api/v1/webhooks', keyed({ ...body, url: 'ftp://x' }, 'create-3'))
    expect(refused.status).toBe(422)
    expect((await api.call('POST', '/api/v1/webhooks', keyed(body, 'create-3'))).status).toBe(201)
  })

  it('does not keep a fault of ours', async () => {
    let isAway = true
    await using flaky = await startTestApi({
      publishEvents: (_workspaceId, events) =>
        isAway
          ? Promise.reject(new DomainError('unavailable', 'Away.', { retryAfterSeconds: 2 }))
          : Promise.resolve(
              events.map(() => ({
                id: '0197c1a2-3b4c-7d5e-8f60-718293a4b5c6',
                deliveries: 0,
                replayed: false,
              })),
            ),
    })
    const events = { events: [{ type: 'task.created', data: {} }] }
    expect((await flaky.call('POST', '/api/v1/events/batch', keyed(events, 'flaky'))).status).toBe(503)
    isAway = false
    const again = await flaky.call('POST', '/api/v1/events/batch', keyed(events, 'flaky'))
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, null])
  })

  it(
    'waits for the one that is running, then says 409; a dead one blocks nobody for good',
    { timeout: 20_000 },
    async () => {
      let finish: () => void = () => undefined
      const published = new Promise<void>((resolve) => {
        finish = resolve
      })
      await using slow = await startTestApi({
        publishEvents: async (_workspaceId, events) => {
          await published
          return events.map(() => ({
            id: '0197c1a2-3b4c-7d5e-8f60-718293a4b5c6',
            deliveries: 0,
            replayed: false,
          }))
        },
      })
      const events = { events: [{ type: 'task.created', data: {} }] }
      const first = slow.call('POST', '/api/v1/events/batch', keyed(events, 'slow'))
      await expect
        .poll(() => slow.database.sql.query(`select 1 from idempotency_key where key = 'slow'`))
        .toHaveLength(1)
      const startedAtMs = performance.now()
      const impatient = await slow.call('POST', '/api/v1/events/batch', keyed(events, 'slow'))
      expect([impatient.status, impatient.headers.get('retry-after')]).toEqual([409, '1'])
      expect(performance.now() - startedAtMs).toBeGreaterThan(4_900)
      const patient = slow.call('POST', '/api/v1/events/batch', keyed(events, 'slow'))
      finish()
      expect((await patient).body).toEqual((await first).body)
      expect((await patient).headers.get('idempotency-replayed')).toBe('true')

      await slow.database.sql.query(
        `update idempotency_key set status = null, answer = null, running_until = now() - interval '1 second' where key = 'slow'`,
      )
      expect((await slow.call('POST', '/api/v1/events/batch', keyed(events, 'slow'))).status).toBe(202)
    },
  )

  it('is forgotten after 24 hours', async () => {
    const first = await api.call('POST', '/api/v1/webhooks', keyed(body, 'old'))
    await api.database.sql.query(
      `update idempotency_key set created_at = now() - interval '25 hours' where key = 'old'`,
    )
    const later = await api.call('POST', '/api/v1/webhooks', keyed({ ...body, events: ['task.*'] }, 'old'))
    expect(later.status).toBe(201)
    expect(later.body['id']).not.toBe(first.body['id'])
  })

  it('is refused with a header that cannot be kept', async () => {
    expect((await api.call('POST', '/api/v1/webhooks', keyed(body, 'x'.repeat(10_000)))).status).toBe(422)
    expect((await api.call('POST', '/api/v1/webhooks', keyed(body, 'x'.repeat(255)))).status).toBe(201)
  })
})
