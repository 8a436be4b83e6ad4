import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import { cacheFolder } from '../../src/local/cache-folder.ts'
import { findTemporalBinary } from '../../src/local/temporal-binary.ts'
import { startReceiver } from '../support/life.ts'
import { startTestService, type TestService } from '../support/service.ts'

const run = promisify(execFile)

interface Delivery {
  id: string
  state: string
  attemptCount: number
  retryRequestedAt: string | null
  temporalWorkflowId: string
  attempts: { number: number; statusCode: number | null; trigger: string; failure: string | null }[]
}

let service: TestService
let receiver: Awaited<ReturnType<typeof startReceiver>>

beforeAll(async () => {
  receiver = await startReceiver()
  service = await startTestService()
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

const within = { timeout: 30_000, interval: 100 }

async function delivery(id: string): Promise<Delivery> {
  return (await service.get<Delivery>(`/deliveries/${id}`)).body
}

async function deliverTo(schedule: string[]) {
  const webhook = await service.createWebhook({ url: receiver.url, schedule, events: ['task.created'] })
  const { deliveries } = await service.publish()
  const own = deliveries.find(({ webhookId }) => webhookId === webhook.id)
  if (own === undefined) throw new Error('The event did not match.')
  return { webhookId: webhook.id, deliveryId: own.id }
}

async function remove(webhookId: string): Promise<void> {
  expect((await service.request('DELETE', `/webhooks/${webhookId}`)).status).toBe(204)
}

test('a receiver that fails and recovers gets the event, signed, at the schedule’s pace', async () => {
  receiver.answers.push({ status: 500 }, { status: 503 })
  const { webhookId, deliveryId } = await deliverTo(['1s', '2s'])
  await expect.poll(async () => (await delivery(deliveryId)).state, within).toBe('succeeded')
  const { attempts, attemptCount } = await delivery(deliveryId)
  expect(attemptCount).toBe(3)
  expect(attempts.map(({ number, statusCode, trigger }) => [number, statusCode, trigger])).toEqual([
    [1, 500, 'schedule'],
    [2, 503, 'schedule'],
    [3, 200, 'schedule'],
  ])
  expect(receiver.received.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(['1', '2', '3'])
  await remove(webhookId)
})

test('one that fails for good exhausts the delivery, fails the webhook, opens an alert; a retry by the API mends all', async () => {
  receiver.status = 500
  const { webhookId, deliveryId } = await deliverTo(['1s'])
  await expect.poll(async () => (await delivery(deliveryId)).state, within).toBe('failed')
  expect((await service.get(`/webhooks/${webhookId}`)).body['status']).toBe('failed')
  const alerts = await service.get<{
    data: { webhookId: string; kind: string; state: string; count: number }[]
  }>('/alerts')
  expect(alerts.body.data).toMatchObject([{ webhookId, kind: 'exhausted', state: 'open', count: 1 }])

  receiver.status = 200
  const retried = await service.post<Delivery>(`/deliveries/${deliveryId}/retry`, {})
  expect(retried.status).toBe(202)
  expect(retried.body.retryRequestedAt).not.toBeNull()
  await expect.poll(async () => (await delivery(deliveryId)).state, within).toBe('succeeded')
  const { attempts, retryRequestedAt } = await delivery(deliveryId)
  expect(attempts.map(({ trigger }) => trigger)).toEqual(['schedule', 'schedule', 'manual'])
  expect(retryRequestedAt).toBeNull()
  expect((await service.get(`/webhooks/${webhookId}`)).body['status']).toBe('enabled')
  expect((await service.get<{ data: unknown[] }>('/alerts')).body.data).toMatchObject([{ state: 'closed' }])
  await remove(webhookId)
})

test('an operator retries an exhausted delivery with Temporal’s own command', async () => {
  receiver.status = 500
  const { webhookId, deliveryId } = await deliverTo(['1s'])
  await expect.poll(async () => (await delivery(deliveryId)).state, within).toBe('failed')
  receiver.status = 200
  const temporal = await findTemporalBinary({
    searchPath: process.env['PATH'] ?? '',
    cacheDir: cacheFolder(process.env),
    onProgress: () => undefined,
  })
  const { temporalWorkflowId } = await delivery(deliveryId)
  await run(temporal, [
    'workflow',
    'signal',
    ...['--address', service.temporalAddress, '--namespace', service.namespace],
    ...['--workflow-id', temporalWorkflowId, '--name', 'retryNow'],
  ])
  await expect.poll(async () => (await delivery(deliveryId)).state, within).toBe('succeeded')
  expect((await delivery(deliveryId)).attempts.at(-1)).toMatchObject({ number: 3, trigger: 'manual' })
  await remove(webhookId)
})

test('a retry of a delivery whose workflow has closed starts a new run', async () => {
  const { webhookId, deliveryId } = await deliverTo(['1s'])
  await expect.poll(async () => (await delivery(deliveryId)).state, within).toBe('succeeded')
  expect((await service.post(`/deliveries/${deliveryId}/retry`, {})).status).toBe(409)
  expect((await service.post(`/deliveries/${deliveryId}/retry`, { force: true })).status).toBe(202)
  await expect.poll(async () => (await delivery(deliveryId)).attemptCount, within).toBe(2)
  expect((await delivery(deliveryId)).state).toBe('succeeded')
  await remove(webhookId)
})

test('rule 2: deleting a webhook cancels its waiting deliveries and ends their workflows', async () => {
  receiver.status = 500
  const { webhookId, deliveryId } = await deliverTo(['1h'])
  await expect.poll(async () => (await delivery(deliveryId)).attemptCount, within).toBe(1)
  await remove(webhookId)
  expect((await delivery(deliveryId)).state).toBe('cancelled')
  const handle = service.client.workflow.getHandle(`delivery-${deliveryId}`)
  await expect.poll(async () => (await handle.describe()).status.name, within).toBe('COMPLETED')
  expect(await handle.result()).toBe('cancelled')
})

test('rule 1: what came while the webhook was off is held, and sent when it is turned on with sendHeld', async () => {
  const webhook = await service.createWebhook({ url: receiver.url, enabled: false, events: ['task.created'] })
  const { deliveries } = await service.publish()
  const deliveryId = deliveries[0]?.id ?? ''
  expect((await delivery(deliveryId)).state).toBe('held')
  const patched = await service.request('PATCH', `/webhooks/${webhook.id}`, { enabled: true, sendHeld: true })
  expect(patched.status).toBe(200)
  await expect.poll(async () => (await delivery(deliveryId)).state, within).toBe('succeeded')
  await remove(webhook.id)
})

test('`data` arrives byte for byte', async () => {
  const webhook = await service.createWebhook({ url: receiver.url, events: ['task.created'] })
  const data = `{ "z":1.0,"a":12345678901234567890 , "e":1e400,"u":"\\u00e9é\\ud83d\\ude00","signature":"t=1,v1=00","n":{"b":[ 1,2 ]}}`
  const { status } = await service.post('/events', `{"type":"task.created","data":${data}}`)
  expect(status).toBe(202)
  await expect.poll(() => receiver.received.length, within).toBe(1)
  expect(receiver.received[0]?.body).toContain(`,"data":${data},"signature":"t=`)
  await remove(webhook.id)
})
