import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import { Client as Postgres } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

import { startReceiver } from '../support/life.ts'
import {
  createTenant,
  eventually,
  publishAgain,
  type PublishedDelivery,
  publishTo,
  type Tenant,
} from '../support/published-delivery.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

type Receiver = Awaited<ReturnType<typeof startReceiver>>

const TYPE = 'task.created'
/** No name server knows it; on the list, so that it is accepted as a target. */
const NO_NAME = 'no-such-name.invalid'

let service: TestService
let postgres: Postgres
let temporal: TcpProxy
const receivers: { close: () => Promise<void> }[] = []

beforeAll(async () => {
  const [host = '', port = ''] = inject('temporalAddress').split(':')
  temporal = await startTcpProxy({ host, port: Number(port) })
  service = await startTestService({
    temporalAddress: `127.0.0.1:${temporal.port}`,
    env: { POSTRIDER_ALLOWED_TARGETS: `127.0.0.0/8,::1/128,${NO_NAME}` },
  })
  postgres = new Postgres({ connectionString: service.databaseUrl })
  await postgres.connect()
})

afterAll(async () => {
  await postgres.end()
  await service.stop()
  await Promise.all(receivers.map((receiver) => receiver.close()))
  await temporal.close()
})

async function open(status = 500): Promise<{ tenant: Tenant; receiver: Receiver }> {
  const receiver = await startReceiver()
  receiver.status = status
  receivers.push(receiver)
  return { tenant: await createTenant(service), receiver }
}

/** Answers after a while, and keeps count of how many requests it had at once. */
async function startCountingReceiver(delayMs: number) {
  const counts = { now: 0, most: 0, total: 0 }
  const server: Server = createServer((request, response) => {
    counts.now += 1
    counts.total += 1
    counts.most = Math.max(counts.most, counts.now)
    request.resume()
    setTimeout(() => {
      counts.now -= 1
      response.writeHead(200).end()
    }, delayMs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  receivers.push({
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  })
  return { url, counts }
}

async function patch(tenant: Tenant, { webhookId }: PublishedDelivery, change: unknown): Promise<void> {
  expect((await tenant.request('PATCH', `/webhooks/${webhookId}`, change)).status).toBe(200)
}

describe.concurrent('the rules of sending', () => {
  test('rule 6: what cannot be found and what must not be called are attempts that count', async () => {
    const { tenant } = await open()
    const delivery = await publishTo(tenant, TYPE, { url: `http://${NO_NAME}/hook`, schedule: ['2s'] })
    await delivery.hasAttempts(1)
    await postgres.query(
      `update webhook set url = 'http://10.0.0.1/hook', version = version + 1, updated_at = now() where id = $1`,
      [delivery.webhookId],
    )
    const { attempts, stepsUsed } = await delivery.becomes('failed')
    expect(attempts.map(({ number, failure }) => [number, failure])).toEqual([
      [1, 'dns'],
      [2, 'blocked_target'],
    ])
    expect(stepsUsed).toBe(2)
  })

  test('rule 6: numbers are dense over attempts of the schedule and by hand', async () => {
    const { tenant, receiver } = await open()
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['4s'] })
    await delivery.hasAttempts(1)
    await delivery.retry()
    await delivery.hasAttempts(2)
    const failed = await delivery.becomes('failed')
    expect(failed).toMatchObject({ attemptCount: 3, stepsUsed: 2, steps: 2 })
    await delivery.retry()
    const { attempts } = await delivery.hasAttempts(4)
    expect(attempts.map(({ number, trigger }) => `${number} ${trigger}`)).toEqual([
      '1 schedule',
      '2 manual',
      '3 schedule',
      '4 manual',
    ])
    expect(receiver.received.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(['1', '2', '3', '4'])
  })

  test('rule 7: a wait runs from the end of the attempt', async () => {
    const { tenant, receiver } = await open()
    let answer = (): void => undefined
    receiver.answers.push({ status: 500, waitFor: new Promise<void>((resolve) => (answer = resolve)) })
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['2s', '1h'] })
    await eventually(() => receiver.received.length, 1)
    await pause(2_500)
    answer()
    const { attempts } = await delivery.hasAttempts(2)
    const [first = 0, second = 0] = attempts.map(({ startedAt }) => Date.parse(startedAt))
    expect(second - first).toBeGreaterThanOrEqual(4_500)
  })

  test('rule 7: a free place, and another delivery’s Retry-After, are waited for on top and shown', async () => {
    const { tenant, receiver } = await open(200)
    receiver.answers.push({ status: 503, headers: { 'retry-after': '40' } })
    const asked = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1s', '1s'] })
    const { nextAttemptAt } = await asked.hasAttempts(1)
    // For the one that got it, it is its wait and no deferral.
    expect((await asked.read()).deferredUntil).toBeNull()
    const other = await publishAgain(tenant, TYPE, asked.webhookId)
    await eventually(async () => (await other.read()).deferredUntil !== null, true)
    const { deferredUntil, attemptCount, state } = await other.read()
    expect([attemptCount, state]).toEqual([0, 'pending'])
    expect(Date.parse(deferredUntil ?? '')).toBeGreaterThan(Date.parse(nextAttemptAt ?? '') - 10_000)
    // Nor does it hold back what a person asks for.
    await other.retry()
    expect(await other.becomes('succeeded')).toMatchObject({ attemptCount: 1, deferredUntil: null })
    await asked.retry()
    await asked.becomes('succeeded')
  })

  test('rule 8: URL, headers, timeout and secret act on the next attempt of what waits already', async () => {
    const { tenant, receiver } = await open()
    const { receiver: other } = await open()
    const delivery = await publishTo(tenant, TYPE, {
      url: receiver.url,
      schedule: ['3s', '3s', '1h'],
      headers: { 'x-team': 'old' },
    })
    await delivery.hasAttempts(1)
    await patch(tenant, delivery, { url: other.url, headers: { 'x-team': 'new' }, timeoutMs: 1_000 })
    const rotated = await tenant.post<{ secret: string }>(`/webhooks/${delivery.webhookId}/rotate-secret`, {
      overlapHours: 0,
    })
    await delivery.hasAttempts(2)
    const [request] = other.received
    expect(request?.headers['x-team']).toBe('new')
    const signature = String(request?.headers['x-webhook-signature'])
    const [, time = '', value = ''] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(signature) ?? []
    const signed = createHmac('sha256', rotated.body.secret).update(`${time}.${request?.body ?? ''}`)
    expect(signed.digest('hex')).toBe(value)
    other.answers.push({ status: 200, waitFor: new Promise(() => undefined) })
    expect((await delivery.hasAttempts(3)).attempts[2]).toMatchObject({
      failure: 'timeout',
      statusCode: null,
    })
    expect(receiver.received).toHaveLength(1)
  })

  test('rule 8: a new schedule acts on the waits after the next attempt, and reopens nothing', async () => {
    const { tenant, receiver } = await open()
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['3s', '1h'] })
    const { nextAttemptAt } = await delivery.hasAttempts(1)
    await patch(tenant, delivery, { schedule: ['1h', '1s'] })
    expect((await delivery.read()).nextAttemptAt).toBe(nextAttemptAt)
    expect(await delivery.becomes('failed')).toMatchObject({ attemptCount: 3, steps: 3 })
    await patch(tenant, delivery, { schedule: ['1s', '1s', '1s', '1s'], url: receiver.url })
    // What comes later goes by the new schedule, and all of it passes while the failed one rests.
    await (await publishAgain(tenant, TYPE, delivery.webhookId)).becomes('failed')
    expect(await delivery.read()).toMatchObject({ state: 'failed', attemptCount: 3, nextAttemptAt: null })
  })

  test('rule 9: `concurrency` caps what is in flight to the webhook', async () => {
    const { tenant } = await open()
    const { url, counts } = await startCountingReceiver(150)
    await tenant.createWebhook({ url, concurrency: 3, events: [TYPE] })
    const events = Array.from({ length: 20 }, () => ({ type: TYPE, data: {} }))
    expect((await tenant.post('/events/batch', { events })).status).toBe(202)
    await eventually(() => counts.total, 20)
    expect(counts.most).toBe(3)
  })

  test('`state=retrying` lists what has failed and will be tried again', async () => {
    const { tenant, receiver } = await open()
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1h'] })
    await delivery.hasAttempts(1)
    const held = await publishTo(tenant, TYPE, { url: receiver.url, enabled: false })
    await held.becomes('held')
    const { body } = await tenant.get<{ data: { id: string; state: string }[] }>('/deliveries?state=retrying')
    expect(body.data.filter(({ id }) => id === delivery.id || id === held.id)).toMatchObject([
      { id: delivery.id, state: 'pending' },
    ])
  })
})

describe('while Temporal is away', () => {
  test('rule 4: a manual retry is accepted, and made when it is back', async () => {
    const { tenant, receiver } = await open()
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1s'] })
    await delivery.becomes('failed')
    receiver.status = 200
    temporal.set('reset')
    const { status, body } = await delivery.retry()
    expect([status, body.state, body.retryRequestedAt === null]).toEqual([202, 'failed', false])
    temporal.set('pass')
    expect((await delivery.becomes('succeeded')).retryRequestedAt).toBeNull()
    expect(receiver.received).toHaveLength(3)
  })

  test.each([
    { how: 'the webhook is turned off', act: { enabled: false } },
    { how: 'the webhook is deleted', act: null },
  ])('rule 4: a manual retry is withdrawn when $how before it is made', async ({ act }) => {
    const { tenant, receiver } = await open()
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1s'] })
    await delivery.becomes('failed')
    temporal.set('reset')
    expect((await delivery.retry()).status).toBe(202)
    await (act === null ? delivery.remove() : patch(tenant, delivery, act))
    temporal.set('pass')
    await eventually(async () => (await delivery.read()).retryRequestedAt, null)
    expect(await delivery.read()).toMatchObject({ state: 'failed', attemptCount: 2 })
    expect(receiver.received).toHaveLength(2)
  })

  test('rule 4: a manual retry is withdrawn when the delivery is cancelled before it is made', async () => {
    const { tenant, receiver } = await open()
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1s'] })
    await delivery.becomes('failed')
    temporal.set('reset')
    await delivery.retry()
    expect((await delivery.cancel()).body).toMatchObject({ state: 'cancelled', retryRequestedAt: null })
    temporal.set('pass')
    await eventually(async () => (await delivery.handle.describe()).status.name, 'COMPLETED')
    expect(await delivery.read()).toMatchObject({ state: 'cancelled', attemptCount: 2 })
    expect(receiver.received).toHaveLength(2)
  })
})

describe('when a worker is told to stop', () => {
  test('rule 3: the attempt in flight is finished, recorded and not made again', async () => {
    const { tenant, receiver } = await open()
    let answer = (): void => undefined
    receiver.answers.push({ status: 200, waitFor: new Promise<void>((resolve) => (answer = resolve)) })
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1h'] })
    await eventually(() => receiver.received.length, 1)
    const worker = service.child('worker')
    const stopped = service.end('worker', 'SIGTERM')
    await pause(500)
    answer()
    await stopped
    expect(worker?.exitCode).toBe(0)
    expect(await delivery.read()).toMatchObject({ state: 'succeeded', attemptCount: 1 })
    receiver.status = 200
    service.start('worker')
    await (await publishAgain(tenant, TYPE, delivery.webhookId)).becomes('succeeded')
    expect(receiver.received).toHaveLength(2)
  })
})
