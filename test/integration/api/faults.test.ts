import { describe, expect, it } from 'vitest'

import { startTestApi, type Answer } from '../../support/api.ts'
import { createTestDatabase } from '../../support/postgres.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

/** The promise is three seconds; the rest is this machine's own business with other tests. */
const ANSWER_MS_MAX = 3_500

async function startBehindProxy() {
  const resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const direct = new URL(database.url)
  const proxy = await startTcpProxy({ host: direct.hostname, port: Number(direct.port) })
  resources.defer(() => proxy.close())
  const proxied = new URL(database.url)
  proxied.port = String(proxy.port)
  proxied.hostname = '127.0.0.1'
  const api = resources.use(await startTestApi({}, proxied.href))
  return { api, proxy, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

function expectUnavailable(answer: Answer): void {
  expect(answer.status).toBe(503)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
}

describe('while the database is away', () => {
  it.each(['reset', 'swallow'] as const)(
    'every route says so in time, and recovers: %s',
    { timeout: 60_000 },
    async (mode) => {
      await using behind = await startBehindProxy()
      const { api, proxy } = behind
      const publish = () => api.call('POST', '/api/v1/events', { body: { type: 'task.created', data: {} } })
      expect((await publish()).status).toBe(202)
      proxy.set(mode)
      const startedAtMs = performance.now()
      const answers = await Promise.all([
        publish(),
        api.call('POST', '/api/v1/events/batch', {
          body: { events: [{ type: 'task.created', data: {} }] },
          headers: { 'idempotency-key': 'away' },
        }),
        api.call('GET', '/api/v1/webhooks'),
        api.call('GET', '/api/v1/deliveries'),
        api.call('GET', '/api/v1/workspaces'),
        api.call('POST', '/api/v1/api-keys', { body: { name: 'x', scopes: ['webhook:read'] } }),
        api.call('POST', '/api/v1/webhooks', { body: { url: 'http://127.0.0.1:9/', events: ['*'] } }),
      ])
      expect(performance.now() - startedAtMs).toBeLessThan(ANSWER_MS_MAX)
      for (const answer of answers) expectUnavailable(answer)
      expect((await api.call('GET', '/healthz')).status).toBe(200)
      proxy.set('pass')
      await expect.poll(async () => (await publish()).status, { timeout: 20_000 }).toBe(202)
      const events = await api.call('GET', '/api/v1/events')
      expect((events.body['data'] as unknown[]).length).toBe(2)
    },
  )
})

describe('a fault that nobody foresaw', () => {
  it('is a 503 that tells nothing of it, and reaches the log', async () => {
    await using api = await startTestApi({
      publishEvents: () => Promise.reject(new TypeError('secret internals')),
    })
    const answer = await api.call('POST', '/api/v1/events', { body: { type: 'task.created', data: {} } })
    expectUnavailable(answer)
    expect(answer.text).not.toContain('internals')
    expect(api.log()).toContain('secret internals')
  })
})

describe('one poisoned publish among a hundred', () => {
  it('gets its own error, and the others are accepted', async () => {
    await using api = await startTestApi()
    const sent = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        api.call('POST', '/api/v1/events', {
          raw:
            index === 42
              ? '{"type":"task.created","data":{},"workflowId":"\\u0000"}'
              : '{"type":"task.created","data":{}}',
        }),
      ),
    )
    expect(
      sent.map(({ status }, index) => (index === 42 ? status === 422 : status === 202)).every(Boolean),
    ).toBe(true)
  })
})
