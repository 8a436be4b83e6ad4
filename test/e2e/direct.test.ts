import { once } from 'node:events'

import { WorkflowNotFoundError } from '@temporalio/client'
import { Client as Postgres } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

import { startReceiver } from '../support/life.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

interface Delivery {
  id: string
  state: string
  firstAttempt: string
  stepsUsed: number
  deferredUntil: string | null
  attempts: { number: number; statusCode: number | null; failure: string | null; trigger: string }[]
}

const within = { timeout: 60_000, interval: 100 }

describe.each(['direct', 'auto'] as const)('with POSTRIDER_FIRST_ATTEMPT=%s', (firstAttempt) => {
  let service: TestService
  let receiver: Awaited<ReturnType<typeof startReceiver>>
  let temporal: TcpProxy

  beforeAll(async () => {
    const [host = '', port = ''] = inject('temporalAddress').split(':')
    temporal = await startTcpProxy({ host, port: Number(port) })
    receiver = await startReceiver()
    service = await startTestService({
      temporalAddress: `127.0.0.1:${temporal.port}`,
      env: { POSTRIDER_FIRST_ATTEMPT: firstAttempt },
    })
  })

  afterAll(async () => {
    await service.stop()
    await Promise.all([receiver.close(), temporal.close()])
  })

  beforeEach(() => {
    receiver.status = 200
    receiver.received.length = 0
    receiver.answers.length = 0
  })

  const delivery = async (id: string) => (await service.get<Delivery>(`/deliveries/${id}`)).body

  async function webhook(schedule: string[] = ['1s', '1s']) {
    const { id } = await service.createWebhook({ url: receiver.url, events: ['task.created'], schedule })
    return { id, remove: () => service.request('DELETE', `/webhooks/${id}`) }
  }

  test('what is accepted at once is delivered once and is on record', async () => {
    const { remove } = await webhook()
    let id = ''
    const publishOne = async (): Promise<string> => {
      receiver.received.length = 0
      id = (await service.publish()).deliveries[0]?.id ?? ''
      await expect.poll(async () => (await delivery(id)).state, within).toBe('succeeded')
      return (await delivery(id)).firstAttempt
    }
    // A process that has just started may not be through to Temporal yet: auto then rightly does without.
    await expect.poll(publishOne, within).toBe(firstAttempt === 'direct' ? 'direct' : 'workflow')
    expect((await delivery(id)).attempts).toMatchObject([{ number: 1, statusCode: 200, trigger: 'schedule' }])
    expect(receiver.received).toHaveLength(1)
    const described = service.client.workflow.getHandle(`delivery-${id}`).describe()
    if (firstAttempt === 'direct') await expect(described).rejects.toBeInstanceOf(WorkflowNotFoundError)
    else expect((await described).type).toBe('deliver')
    await remove()
  })

  test('what is not accepted at once goes on by its workflow, at the schedule’s pace', async () => {
    const { id: webhookId, remove } = await webhook()
    receiver.status = 500
    const { deliveries } = await service.publish()
    const id = deliveries[0]?.id ?? ''
    await expect.poll(async () => (await delivery(id)).state, within).toBe('failed')
    expect((await delivery(id)).attempts.map(({ statusCode }) => statusCode)).toEqual([500, 500, 500])
    expect((await service.get(`/webhooks/${webhookId}`)).body['status']).toBe('failed')
    receiver.status = 200
    expect((await service.post(`/deliveries/${id}/retry`, {})).status).toBe(202)
    await expect.poll(async () => (await delivery(id)).state, within).toBe('succeeded')
    await remove()
  })

  test('first attempts go on while Temporal is away, and retries follow when it is back', async () => {
    const { remove } = await webhook()
    temporal.set('reset')
    receiver.answers.push({ status: 500 })
    const failing = (await service.publish()).deliveries[0]?.id ?? ''
    await expect.poll(async () => (await delivery(failing)).attempts.length, within).toBe(1)
    const healthy = (await service.publish()).deliveries[0]?.id ?? ''
    await expect.poll(async () => (await delivery(healthy)).state, within).toBe('succeeded')
    expect((await delivery(healthy)).firstAttempt).toBe('direct')
    expect((await delivery(failing)).state).toBe('pending')
    temporal.set('pass')
    await expect.poll(async () => (await delivery(failing)).state, within).toBe('succeeded')
    await remove()
  })

  test('a webhook that is off gets its deliveries held, whichever lane they were in', async () => {
    const { id: webhookId, remove } = await webhook()
    await service.request('PATCH', `/webhooks/${webhookId}`, { enabled: false })
    const id = (await service.publish()).deliveries[0]?.id ?? ''
    expect((await delivery(id)).state).toBe('held')
    await service.request('PATCH', `/webhooks/${webhookId}`, { enabled: true, sendHeld: true })
    await expect.poll(async () => (await delivery(id)).state, within).toBe('succeeded')
    await remove()
  })

  test('kill -9 after the answer and before its record: made again when the lease has run out, ends succeeded', async () => {
    if (firstAttempt === 'auto') temporal.set('reset')
    const { id: webhookId, remove } = await webhook()
    await service.end('api', 'SIGTERM')
    await service.end('worker', 'SIGTERM')
    const exited = once(service.start('api', { FAILPOINT: 'after-post' }), 'exit')
    await expect
      .poll(
        () =>
          fetch(`${service.url}/healthz`).then(
            (answer) => answer.ok,
            () => false,
          ),
        within,
      )
      .toBe(true)
    await service.post('/events', { type: 'task.created', data: {} }).catch(() => undefined)
    expect(await exited).toEqual([null, 'SIGKILL'])
    await service.end('api', 'SIGKILL')
    temporal.set('pass')
    await expireLeases(service.databaseUrl)
    service.start('api')
    service.start('worker')
    await service.ready()
    const own = async () =>
      (await service.get<{ data: Delivery[] }>(`/deliveries?webhookId=${webhookId}`)).body.data
    await expect.poll(async () => (await own()).map(({ state }) => state), within).toEqual(['succeeded'])
    const [made] = await own()
    const { attempts, stepsUsed } = await delivery(made?.id ?? '')
    expect(attempts.map(({ failure }) => failure)).toEqual(['interrupted', null])
    expect(stepsUsed).toBe(1)
    expect(receiver.received).toHaveLength(2)
    await remove()
  })
})

/** As if the time of every lease had passed. */
async function expireLeases(databaseUrl: string): Promise<void> {
  const client = new Postgres({ connectionString: databaseUrl })
  await client.connect()
  await client.query(
    'update webhook_delivery set in_flight_until = now(), dispatch_at = now() where in_flight_until is not null',
  )
  await client.end()
}
