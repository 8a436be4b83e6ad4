import { setTimeout as pause } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Endpoint, type EndpointAnswer, type Endpoints, startEndpoints } from '../support/endpoints.ts'
import { startTestService, type TestService } from '../support/service.ts'

/** `POSTRIDER_TEST_BACKLOG=10000` for an endpoint that was away for long; fewer keep the usual run short. */
const BACKLOG = Number(process.env['POSTRIDER_TEST_BACKLOG'] ?? 500)
const BATCH = 250
const CONCURRENCY = 8

interface Delivery {
  id: string
  state: string
  attemptCount: number
  deferredUntil: string | null
}

interface Webhook {
  breaker: { state: string; openedAt: string | null }
  openCount: number
  stats24h: { succeeded: number; failed: number }
}

let service: TestService
let endpoints: Endpoints

const within = { timeout: 60_000, interval: 100 }
const ofBacklog = { timeout: 60_000 + 150 * BACKLOG, interval: 500 }

beforeAll(async () => {
  endpoints = await startEndpoints()
  service = await startTestService()
})

afterAll(async () => {
  await service.stop()
  await endpoints.close()
})

async function webhookTo(endpoint: Endpoint, schedule: string[]) {
  const members = { url: endpoint.url, events: ['task.created'], schedule, concurrency: CONCURRENCY }
  const { id } = await service.createWebhook(members)
  return {
    id,
    read: async () => (await service.get<Webhook>(`/webhooks/${id}`)).body,
    remove: () => service.request('DELETE', `/webhooks/${id}`),
  }
}

const publish = async () => (await service.publish()).deliveries[0]?.id ?? ''
const publishMany = (count: number) => Promise.all(Array.from({ length: count }, publish))
const delivery = async (id: string) => (await service.get<Delivery>(`/deliveries/${id}`)).body

async function historyLength(deliveryId: string): Promise<number> {
  const { events } = await service.client.workflow.getHandle(`delivery-${deliveryId}`).fetchHistory()
  return events?.length ?? 0
}

/** An endpoint that answers when it is told to. */
function heldEndpoint() {
  let open = (_answer: EndpointAnswer): void => undefined
  const answer = new Promise<EndpointAnswer>((resolve) => (open = resolve))
  return { endpoint: endpoints.add(() => answer), open }
}

test('a Retry-After makes other deliveries wait, visibly', async () => {
  const endpoint = endpoints.add(() => ({ status: 429, headers: { 'retry-after': '6' } }))
  const webhook = await webhookTo(endpoint, ['1s', '1h'])
  const asked = await publish()
  await expect.poll(async () => (await delivery(asked)).attemptCount, within).toBe(1)
  endpoint.answer = () => ({ status: 200 })

  const deferred = await publish()
  await expect.poll(async () => (await delivery(deferred)).deferredUntil, within).not.toBeNull()
  expect(await delivery(deferred)).toMatchObject({ state: 'pending', attemptCount: 0 })

  await expect.poll(async () => (await delivery(deferred)).state, within).toBe('succeeded')
  await expect.poll(async () => (await delivery(asked)).state, within).toBe('succeeded')
  const [askedAt = 0] = endpoint.arrivals.get(asked) ?? []
  const [deferredAt = 0] = endpoint.arrivals.get(deferred) ?? []
  const [, askedAgainAt = 0] = endpoint.arrivals.get(asked) ?? []
  expect(deferredAt - askedAt).toBeGreaterThanOrEqual(5_900)
  expect(askedAgainAt - askedAt).toBeGreaterThanOrEqual(5_900)
  await webhook.remove()
})

test('a manual retry does not wait for another delivery’s Retry-After', async () => {
  const endpoint = endpoints.add(() => ({ status: 503, headers: { 'retry-after': '3600' } }))
  const webhook = await webhookTo(endpoint, ['1h'])
  const asked = await publish()
  await expect.poll(async () => (await delivery(asked)).attemptCount, within).toBe(1)
  const other = await publish()
  await expect.poll(async () => (await delivery(other)).deferredUntil, within).not.toBeNull()
  endpoint.answer = () => ({ status: 200 })
  const another = await publish()
  expect((await service.post(`/deliveries/${other}/retry`, {})).status).toBe(202)
  await expect.poll(async () => (await delivery(other)).state, within).toBe('succeeded')
  expect(await delivery(another)).toMatchObject({ state: 'pending', attemptCount: 0 })
  await webhook.remove()
})

test.each([429, 503])('a %d halves the cap', async (status) => {
  const held = heldEndpoint()
  const answers: EndpointAnswer[] = [{ status }]
  const endpoint = endpoints.add((id) => answers.shift() ?? held.endpoint.answer(id))
  const webhook = await webhookTo(endpoint, ['1h'])
  const refused = await publish()
  await expect.poll(async () => (await delivery(refused)).attemptCount, within).toBe(1)
  endpoint.forgetMax()
  const waiting = await publishMany(CONCURRENCY)
  await expect.poll(() => endpoint.inFlight, within).toBe(CONCURRENCY / 2)
  await expect
    .poll(
      async () => (await Promise.all(waiting.map(delivery))).filter((d) => d.deferredUntil !== null).length,
      within,
    )
    .toBe(CONCURRENCY / 2)
  expect(endpoint.inFlightMax).toBe(CONCURRENCY / 2)
  held.open({ status: 200 })
  await expect.poll(() => endpoint.arrivals.size, within).toBe(CONCURRENCY + 1)
  await webhook.remove()
})

test('an open breaker lets one attempt out at a time; waiting for it is no attempt and no history', async () => {
  const endpoint = endpoints.add()
  const webhook = await webhookTo(endpoint, ['1h'])
  const plain = await publish()
  await expect.poll(async () => (await delivery(plain)).state, within).toBe('succeeded')
  endpoint.answer = () => ({ status: 500 })
  await publishMany(10)
  await expect.poll(async () => (await webhook.read()).breaker.state, within).toBe('open')
  expect((await webhook.read()).breaker.openedAt).toMatch(/Z$/)

  const held = heldEndpoint()
  endpoint.answer = held.endpoint.answer
  endpoint.forgetMax()
  const behind = await publishMany(5)
  const waiting = async () =>
    (await Promise.all(behind.map(delivery))).filter(({ deferredUntil }) => deferredUntil !== null)
  await expect.poll(async () => (await waiting()).length, within).toBe(4)
  await pause(1_500)
  expect(endpoint.inFlightMax).toBe(1)
  expect(
    (await waiting()).every(({ attemptCount, state }) => attemptCount === 0 && state === 'pending'),
  ).toBe(true)
  const [deferred] = await waiting()

  held.open({ status: 200 })
  const states = async () => (await Promise.all(behind.map(delivery))).map(({ state }) => state)
  await expect.poll(states, within).toEqual(Array(5).fill('succeeded'))
  expect((await webhook.read()).breaker).toEqual({ state: 'closed', openedAt: null })
  expect(await delivery(deferred?.id ?? '')).toMatchObject({ attemptCount: 1, deferredUntil: null })
  expect(await historyLength(deferred?.id ?? '')).toBeLessThanOrEqual(await historyLength(plain))
  await webhook.remove()
})

test(
  `an endpoint that comes back after ${BACKLOG} failed deliveries gets them within its cap`,
  async () => {
    const endpoint = endpoints.add(() => ({ status: 500 }))
    const webhook = await webhookTo(endpoint, ['1s'])
    for (let published = 0; published < BACKLOG; published += BATCH) {
      const count = Math.min(BATCH, BACKLOG - published)
      const events = Array.from({ length: count }, (_, number) => ({
        type: 'task.created',
        data: { number },
      }))
      expect((await service.post('/events/batch', { events })).status).toBe(202)
    }
    await expect.poll(async () => (await webhook.read()).stats24h.failed, ofBacklog).toBe(BACKLOG)
    const answerAfter = (ms: number) => pause(ms).then(() => ({ status: 200 }))
    endpoint.answer = () => answerAfter(20)
    endpoint.forgetMax()
    const { status, body } = await service.post<{ count: number }>(`/webhooks/${webhook.id}/retry-failed`, {})
    expect({ status, count: body.count }).toEqual({ status: 202, count: BACKLOG })
    await expect
      .poll(async () => (await webhook.read()).stats24h, ofBacklog)
      .toMatchObject({ succeeded: BACKLOG, failed: 0 })
    expect(endpoint.arrivals.size).toBe(BACKLOG)
    expect(endpoint.inFlightMax).toBeLessThanOrEqual(CONCURRENCY)
    await webhook.remove()
  },
  2 * ofBacklog.timeout,
)
