import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

import { Client as Postgres } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startReceiver } from '../support/life.ts'
import { startNameServer, type NameAnswer, type NameServer } from '../support/name-server.ts'
import { startTestService, type TestService } from '../support/service.ts'

interface Delivery {
  state: string
  attempts: {
    failure: string | null
    statusCode: number | null
    remoteAddress: string | null
    responseHeaders: Record<string, string> | null
  }[]
}

interface Problem {
  detail: string
  errors: { pointer: string; detail: string }[]
}

const within = { timeout: 60_000, interval: 100 }

/** Counts who connects to every address of this machine. */
async function startListener() {
  const listener = { connections: 0, port: 0, close: () => Promise.resolve() }
  const server = createServer((socket) => {
    listener.connections += 1
    socket.destroy()
  })
  server.listen(0, '::')
  await once(server, 'listening')
  listener.port = (server.address() as AddressInfo).port
  listener.close = async () => {
    server.close()
    await once(server, 'close')
  }
  return listener
}

const BLOCKED = ['blocked_target', 'blocked_target', 'blocked_target']

/** A name, what it resolves to at each attempt (the last answer stays), and how these attempts fail. */
const NAMES: [name: string, answers: NameAnswer[], failures: string[]][] = [
  ['inside.acme-receiver.com', [['127.0.0.1']], BLOCKED],
  ['inside6.acme-receiver.com', [['::1']], BLOCKED],
  ['mapped.acme-receiver.com', [['::ffff:7f00:1']], BLOCKED],
  ['mixed.acme-receiver.com', [['93.184.216.34', '127.0.0.1']], BLOCKED],
  [
    'rebinding.acme-receiver.com',
    ['NXDOMAIN', ['127.0.0.1'], ['::1', '10.0.0.1']],
    ['dns', 'blocked_target', 'blocked_target'],
  ],
]

describe('in production, with no allowed targets', () => {
  let service: TestService
  let listener: Awaited<ReturnType<typeof startListener>>
  let names: NameServer
  const asked = new Map<string, number>()

  beforeAll(async () => {
    listener = await startListener()
    names = await startNameServer(({ name, type }) => {
      const [, answers = []] = NAMES.find(([known]) => known === name) ?? []
      const key = `${name} ${type}`
      const number = asked.get(key) ?? 0
      asked.set(key, number + 1)
      return answers[Math.min(number, answers.length - 1)] ?? 'NXDOMAIN'
    })
    const preload = fileURLToPath(new URL('../support/use-name-server.ts', import.meta.url))
    service = await startTestService({
      env: {
        POSTRIDER_ALLOWED_TARGETS: '',
        NODE_OPTIONS: `--import=${preload}`,
        NAME_SERVER: names.address,
      },
    })
  })

  afterAll(async () => {
    expect(listener.connections).toBe(0)
    await service.stop()
    await names[Symbol.asyncDispose]()
    await listener.close()
  })

  test.each([
    ...[
      '127.0.0.1',
      'localhost',
      '[::1]',
      '[::]',
      '0.0.0.0',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '127.1.2.3',
    ],
    ...[
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '127.1',
      '[64:ff9b::7f00:1]',
      '10.0.0.1',
      '172.16.0.1',
      '192.168.1.1',
    ],
    ...['169.254.169.254', '100.64.0.1', '[fd00::1]', '[fe80::1]'],
  ])('a webhook to %s is refused when it is written', async (host) => {
    const url = `http://${host}:${listener.port}/hook`
    const answers = await Promise.all([
      service.post<Problem>('/webhooks', { url, events: ['*'] }),
      service.post<Problem>('/webhooks/check-url', { url }),
    ])
    for (const { status, body } of answers) {
      expect(status).toBe(422)
      expect(body.errors[0]?.pointer).toBe('/url')
    }
    expect(listener.connections).toBe(0)
  })

  test('a refused loopback address names the setting that would allow it', async () => {
    const { body } = await service.post<Problem>('/webhooks', {
      url: `http://127.0.0.1:${listener.port}/`,
      events: ['*'],
    })
    expect(body.errors[0]?.detail).toContain('POSTRIDER_ALLOWED_TARGETS')
  })

  test.each(NAMES)(
    'the name %s is judged by what it resolves to at each attempt',
    async (name, _answers, failures) => {
      const url = `http://${name}:${listener.port}/hook`
      const webhook = await service.createWebhook({ url, events: ['task.created'], schedule: ['1s', '1s'] })
      const id = (await service.publish()).deliveries[0]?.id ?? ''
      const read = async () => (await service.get<Delivery>(`/deliveries/${id}`)).body
      await expect.poll(async () => (await read()).state, within).toBe('failed')
      expect((await read()).attempts.map(({ failure }) => failure)).toEqual(failures)
      expect(listener.connections).toBe(0)
      await service.request('DELETE', `/webhooks/${webhook.id}`)
    },
  )

  test('what was allowed when it was stored is blocked when it is sent, by every way of sending', async () => {
    const webhook = await service.createWebhook({
      url: 'https://hooks.acme-receiver.com/in',
      schedule: ['1s'],
    })
    const client = new Postgres({ connectionString: service.databaseUrl })
    await client.connect()
    const store = (url: string) =>
      client.query('update webhook set url = $2, version = version + 1 where id = $1', [webhook.id, url])
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]']) {
      await store(`http://${host}:${listener.port}/hook`)
      const id = (await service.publish()).deliveries[0]?.id ?? ''
      const read = async () => (await service.get<Delivery>(`/deliveries/${id}`)).body
      await expect.poll(async () => (await read()).state, within).toBe('failed')
      expect((await read()).attempts).toMatchObject([
        { failure: 'blocked_target', statusCode: null, remoteAddress: null },
        { failure: 'blocked_target', statusCode: null, remoteAddress: null },
      ])
      const sent = await service.post<{ attempt: { failure: string } }>(`/webhooks/${webhook.id}/test`, {})
      expect(sent.body.attempt.failure).toBe('blocked_target')
    }
    await client.end()
  })
})

test('a redirect is a failure with its place on record, and nobody goes there', async () => {
  const listener = await startListener()
  const service = await startTestService()
  const places = [
    'http://169.254.169.254/latest/meta-data/',
    `http://127.0.0.1:${listener.port}/inside`,
    `http://[::1]:${listener.port}/inside`,
  ]
  const codes = [301, 302, 303, 307, 308]
  let turn = 0
  const redirecting = createHttpServer((request, response) => {
    request.resume()
    const location = places[turn % places.length] ?? ''
    response.writeHead(codes[turn % codes.length] ?? 302, { location }).end()
    turn += 1
  })
  redirecting.listen(0, '127.0.0.1')
  await once(redirecting, 'listening')
  const url = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}/hook`
  await service.createWebhook({ url, schedule: ['1s', '1s', '1s', '1s'] })
  const id = (await service.publish()).deliveries[0]?.id ?? ''
  const read = async () => (await service.get<Delivery>(`/deliveries/${id}`)).body
  await expect.poll(async () => (await read()).state, within).toBe('failed')
  const { attempts } = await read()
  expect(attempts.map(({ failure, statusCode }) => [failure, statusCode])).toEqual(
    codes.map((code) => ['redirect', code]),
  )
  expect(attempts.map(({ responseHeaders }) => responseHeaders?.['location'])).toEqual(
    codes.map((_, index) => places[index % places.length]),
  )
  expect(listener.connections).toBe(0)
  await service.stop()
  redirecting.close()
  await listener.close()
})

test('a webhook whose every attempt fails for long is turned off as failing; nothing is lost meanwhile', async () => {
  const receiver = await startReceiver()
  const service = await startTestService({ env: { POSTRIDER_DISABLE_AFTER: '3s' } })
  receiver.status = 500
  const { id } = await service.createWebhook({
    url: receiver.url,
    events: ['task.created'],
    schedule: ['4s', '1h'],
  })
  const webhook = async () => (await service.get(`/webhooks/${id}`)).body
  const first = (await service.publish()).deliveries[0]?.id ?? ''
  await expect.poll(async () => (await webhook())['enabled'], within).toBe(false)
  expect(await webhook()).toMatchObject({ status: 'disabled', disabledReason: 'failing', disabledBy: null })
  const { body: alerts } = await service.get<{ data: { kind: string; webhookId: string; state: string }[] }>(
    '/alerts',
  )
  expect(alerts.data).toMatchObject([{ kind: 'disabled', webhookId: id, state: 'open' }])

  const later = await Promise.all(Array.from({ length: 5 }, () => service.publish()))
  expect((await webhook())['heldCount']).toBe(5)
  receiver.status = 200
  receiver.received.length = 0
  const enabled = await service.request('PATCH', `/webhooks/${id}`, { enabled: true, sendHeld: true })
  expect(enabled.status).toBe(200)
  await expect.poll(() => receiver.received.length, within).toBe(5)
  await expect.poll(async () => (await webhook())['heldCount'], within).toBe(0)
  expect(new Set(receiver.received.map(({ headers }) => headers['x-webhook-id']))).toEqual(
    new Set(later.map(({ deliveries }) => deliveries[0]?.id)),
  )
  // The first one sleeps for an hour and was not due while the webhook was off.
  expect((await service.get<Delivery>(`/deliveries/${first}`)).body.state).toBe('pending')
  await service.stop()
  await receiver.close()
})

test('a 410 turns the webhook off as gone; its delivery has failed, the next ones are held', async () => {
  const receiver = await startReceiver()
  const service = await startTestService()
  receiver.status = 410
  const { id } = await service.createWebhook({
    url: receiver.url,
    events: ['task.created'],
    schedule: ['1s'],
  })
  const gone = (await service.publish()).deliveries[0]?.id ?? ''
  const read = async (deliveryId: string) => (await service.get<Delivery>(`/deliveries/${deliveryId}`)).body
  await expect.poll(async () => (await read(gone)).state, within).toBe('failed')
  expect((await read(gone)).attempts).toMatchObject([{ failure: 'gone', statusCode: 410 }])
  expect((await service.get(`/webhooks/${id}`)).body).toMatchObject({
    status: 'disabled',
    disabledReason: 'gone',
  })
  const held = (await service.publish()).deliveries[0]?.id ?? ''
  expect((await read(held)).state).toBe('held')
  expect((await service.post(`/deliveries/${gone}/retry`, {})).status).toBe(409)
  receiver.status = 200
  await service.request('PATCH', `/webhooks/${id}`, { enabled: true, sendHeld: true })
  await expect.poll(async () => (await read(held)).state, within).toBe('succeeded')
  expect(receiver.received).toHaveLength(2)
  await service.stop()
  await receiver.close()
})
