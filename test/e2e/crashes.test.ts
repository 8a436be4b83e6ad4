import { once } from 'node:events'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { Failpoint } from '../../src/composition/failpoints.ts'
import { startReceiver } from '../support/life.ts'
import { type Program, startTestService, type TestService } from '../support/service.ts'

interface Attempt {
  number: number
  statusCode: number | null
  failure: string | null
}

interface Delivery {
  id: string
  state: string
  stepsUsed: number
  attempts: Attempt[]
}

let service: TestService
let receiver: Awaited<ReturnType<typeof startReceiver>>

beforeAll(async () => {
  receiver = await startReceiver()
  service = await startTestService({ programs: ['api'].slice(1) as Program[] })
})

afterAll(async () => {
  await service.stop()
  await receiver.close()
})

beforeEach(() => {
  receiver.status = 200
  receiver.received.length = 0
  receiver.answers.length = 0
})

const within = { timeout: 60_000, interval: 100 }

interface Crash {
  point: Failpoint
  program: Program
  /** What the receiver answers before it answers 200. */
  answers?: number[]
  /** Requests that the receiver gets in all. */
  received: number
  failures: (string | null)[]
  state: string
}

const crashes: Crash[] = [
  { point: 'after-commit', program: 'api', received: 1, failures: [null], state: 'succeeded' },
  { point: 'before-start', program: 'api', received: 1, failures: [null], state: 'succeeded' },
  { point: 'after-start', program: 'api', received: 1, failures: [null], state: 'succeeded' },
  {
    point: 'before-post',
    program: 'worker',
    received: 1,
    failures: ['interrupted', null],
    state: 'succeeded',
  },
  // The process died with the answer in its hands: one duplicate, and the delivery ends succeeded.
  {
    point: 'after-post',
    program: 'worker',
    received: 2,
    failures: ['interrupted', null],
    state: 'succeeded',
  },
  {
    point: 'before-record',
    program: 'worker',
    received: 2,
    failures: ['interrupted', null],
    state: 'succeeded',
  },
  {
    point: 'before-alert',
    program: 'worker',
    answers: [500, 500, 500],
    received: 3,
    failures: ['status', 'interrupted', 'status'],
    state: 'failed',
  },
]

async function revive(): Promise<void> {
  for (const program of ['api', 'worker'] as const)
    if (service.child(program) === undefined) service.start(program)
  await service.ready()
}

async function deliveriesOf(webhookId: string): Promise<Delivery[]> {
  const page = await service.get<{ data: { id: string }[] }>(`/deliveries?webhookId=${webhookId}`)
  return Promise.all(
    page.body.data.map(async ({ id }) => (await service.get<Delivery>(`/deliveries/${id}`)).body),
  )
}

describe('kill -9', () => {
  test.each(crashes)('at $point of the $program loses nothing', async (crash) => {
    const { point, program, answers = [] } = crash
    await revive()
    const webhook = await service.createWebhook({
      url: receiver.url,
      events: ['task.created'],
      schedule: ['1s'],
    })
    for (const status of answers) receiver.answers.push({ status })
    await service.end(program, 'SIGTERM')
    const child = service.start(program, { FAILPOINT: point })
    const exited = once(child, 'exit')
    await service.ready()

    const key = { 'idempotency-key': `crash-${point}` }
    const publish = () => service.post('/events', { type: 'task.created', data: { point } }, key)
    const first = await publish().catch(() => undefined)
    expect(await exited).toEqual([null, 'SIGKILL'])
    await service.end(program, 'SIGKILL')
    await revive()
    const again = await publish()
    expect(again.status).toBe(202)
    if (first !== undefined) expect(again.body['id']).toBe(first.body['id'])

    await expect
      .poll(async () => (await deliveriesOf(webhook.id)).map(({ state }) => state), within)
      .toEqual([crash.state])
    const [delivery] = await deliveriesOf(webhook.id)
    expect(delivery?.attempts.map(({ failure }) => failure)).toEqual(crash.failures)
    expect(delivery?.attempts.map(({ number }) => number)).toEqual(
      crash.failures.map((_, index) => index + 1),
    )
    expect(receiver.received).toHaveLength(crash.received)
    expect(new Set(receiver.received.map(({ headers }) => headers['x-webhook-id']))).toEqual(
      new Set([delivery?.id]),
    )
    if (crash.state === 'failed') {
      const alerts = await service.get<{ data: { webhookId: string; count: number }[] }>('/alerts')
      expect(alerts.body.data.filter(({ webhookId }) => webhookId === webhook.id)).toMatchObject([
        { count: 1 },
      ])
    }
    await service.request('DELETE', `/webhooks/${webhook.id}`)
  })

  test('of the API before the commit stores nothing, and the retry is accepted', async () => {
    await revive()
    const webhook = await service.createWebhook({ url: receiver.url, events: ['task.created'] })
    await service.end('api', 'SIGTERM')
    const exited = once(service.start('api', { FAILPOINT: 'before-commit' }), 'exit')
    await service.ready()
    await expect(service.post('/events', { type: 'task.created', data: {} })).rejects.toThrow()
    await exited
    await service.end('api', 'SIGKILL')
    await revive()
    expect(await deliveriesOf(webhook.id)).toEqual([])
    await service.publish()
    await expect
      .poll(async () => (await deliveriesOf(webhook.id)).map(({ state }) => state), within)
      .toEqual(['succeeded'])
    await service.request('DELETE', `/webhooks/${webhook.id}`)
  })

  test('of a worker while the receiver holds the request posts again under the same id', async () => {
    await revive()
    const webhook = await service.createWebhook({ url: receiver.url, events: ['task.created'] })
    receiver.answers.push({ status: 200, waitFor: new Promise(() => undefined) })
    await service.publish()
    await expect.poll(() => receiver.received.length, within).toBe(1)
    await service.end('worker', 'SIGKILL')
    await revive()
    await expect
      .poll(async () => (await deliveriesOf(webhook.id)).map(({ state }) => state), within)
      .toEqual(['succeeded'])
    const [delivery] = await deliveriesOf(webhook.id)
    expect(delivery?.attempts.map(({ failure }) => failure)).toEqual(['interrupted', null])
    expect(delivery?.stepsUsed).toBe(1)
    expect(new Set(receiver.received.map(({ headers }) => headers['x-webhook-id'])).size).toBe(1)
    await service.request('DELETE', `/webhooks/${webhook.id}`)
  })

  test('of everything while a delivery sleeps: it is made at its time after a start', async () => {
    await revive()
    receiver.status = 500
    const webhook = await service.createWebhook({
      url: receiver.url,
      events: ['task.created'],
      schedule: ['12s'],
    })
    await service.publish()
    await expect.poll(async () => (await deliveriesOf(webhook.id))[0]?.attempts.length, within).toBe(1)
    await Promise.all([service.end('worker', 'SIGKILL'), service.end('api', 'SIGKILL')])
    receiver.status = 200
    await revive()
    await expect
      .poll(async () => (await deliveriesOf(webhook.id)).map(({ state }) => state), within)
      .toEqual(['succeeded'])
    expect(receiver.received).toHaveLength(2)
  })
})
