import { setTimeout as pause } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Endpoint, type Endpoints, startEndpoints } from '../support/endpoints.ts'
import { startTestService, type TestService } from '../support/service.ts'

/** `POSTRIDER_TEST_HERD=100000` for an outage after which very many are due at once: allow it an hour or two. */
const HERD = Number(process.env['POSTRIDER_TEST_HERD'] ?? 5_000)
/** Fewer failures in a row than would open a breaker: what is looked at is the herd, not what holds it back. */
const PER_WEBHOOK = 10
const WEBHOOKS = Math.ceil(HERD / PER_WEBHOOK)
const CONCURRENCY = 4
/** Time for all the others to fail, too. */
const SLEEP_SECONDS = 20 + Math.ceil(HERD / 100)
const PASSERS_BY = 10
const PASSING_EVERY_MS = 500
/** The API answers a hundred such requests a second. */
const CREATE_EVERY_MS = 11

const within = { timeout: 120_000 + 40 * HERD, interval: 500 }

let service: TestService
let endpoints: Endpoints
const herd: Endpoint[] = []

const requestsOf = (endpoint: Endpoint): number =>
  [...endpoint.arrivals.values()].reduce((sum, arrivals) => sum + arrivals.length, 0)
const requests = (): number => herd.reduce((sum, endpoint) => sum + requestsOf(endpoint), 0)

beforeAll(async () => {
  endpoints = await startEndpoints()
  service = await startTestService()
  while (herd.length < WEBHOOKS) {
    const endpoint = endpoints.add(() => ({ status: 500 }))
    herd.push(endpoint)
    await service.createWebhook({
      url: endpoint.url,
      events: ['task.created'],
      schedule: [`${SLEEP_SECONDS}s`, '1h'],
      concurrency: CONCURRENCY,
    })
    await pause(CREATE_EVERY_MS)
  }
}, within.timeout)

afterAll(async () => {
  await service.stop()
  await endpoints.close()
})

async function countOf(state: string): Promise<number> {
  let count = 0
  let cursor = ''
  for (;;) {
    const { status, body } = await service.get<{ data: unknown[]; nextCursor: string | null }>(
      `/deliveries?state=${state}&eventType=task.created&limit=100${cursor}`,
    )
    expect(status).toBe(200)
    count += body.data.length
    if (body.nextCursor === null) return count
    cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`
    await pause(CREATE_EVERY_MS)
  }
}

test(
  `${HERD} deliveries that came due while everything was down are made, each once and within its webhook's cap`,
  async () => {
    const passing = endpoints.add()
    await service.createWebhook({ url: passing.url, events: ['project.created'] })
    const events = Array.from({ length: PER_WEBHOOK }, (_, number) => ({
      type: 'task.created',
      data: { number },
    }))
    const sleepMs = 1_000 * SLEEP_SECONDS
    expect((await service.post('/events/batch', { events })).status).toBe(202)
    await expect.poll(requests, within).toBe(WEBHOOKS * PER_WEBHOOK)
    // Their failures are recorded, and they sleep.
    await expect.poll(() => countOf('retrying'), within).toBe(WEBHOOKS * PER_WEBHOOK)
    await Promise.all([service.end('api', 'SIGKILL'), service.end('worker', 'SIGKILL')])

    for (const endpoint of herd) {
      endpoint.arrivals.clear()
      endpoint.answer = () => ({ status: 200 })
      endpoint.forgetMax()
    }
    await pause(sleepMs)
    expect(requests()).toBe(0)
    const backAt = performance.now()
    service.start('api')
    service.start('worker')
    await service.ready()
    const publishedAt: number[] = []
    for (let number = 0; number < PASSERS_BY; number += 1) {
      publishedAt.push(performance.now())
      await service.publish({ type: 'project.created', data: { number } })
      await pause(PASSING_EVERY_MS)
    }

    await expect.poll(requests, within).toBe(WEBHOOKS * PER_WEBHOOK)
    const herdSeconds = Math.round((performance.now() - backAt) / 1_000)
    await expect.poll(() => passing.arrivals.size, within).toBe(PASSERS_BY)
    const firstArrivals = [...passing.events.values()].toSorted((a, b) => a - b)
    const longestMs = Math.max(...firstArrivals.map((at, index) => at - (publishedAt[index] ?? 0)))
    console.log(
      `a herd of ${HERD}: through ${herdSeconds} s after the start; beside it a new event took ${Math.round(longestMs)} ms at most`,
    )
    await expect.poll(() => countOf('succeeded'), within).toBe(WEBHOOKS * PER_WEBHOOK)
    expect(requests()).toBe(WEBHOOKS * PER_WEBHOOK)
    expect(Math.max(...herd.map(({ inFlightMax }) => inFlightMax))).toBeLessThanOrEqual(CONCURRENCY)
  },
  8 * within.timeout,
)
