import { setTimeout as pause } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Endpoint, type Endpoints, startEndpoints } from '../support/endpoints.ts'
import { startTestService, type TestService } from '../support/service.ts'

/** `POSTRIDER_TEST_HERD=100000` for an outage after which very many are due at once: allow it an hour or two. */
const HERD = Number(process.env['POSTRIDER_TEST_HERD'] ?? 5_000)
/** Fewer failures in a row than would open a breaker: what is looked at is the herd, not what holds it back. */
const PER_WEBHOOK = 10
const WEBHOOKS = Math.ceil(HERD / PER_WEBHOOK)
const COUNT = WEBHOOKS * PER_WEBHOOK
const CONCURRENCY = 4
/** Time for all to fail, and for their workflows to start and fall asleep. */
const SLEEP_SECONDS = 15 + Math.ceil(HERD / 80)
const SLEEP_MS = 1_000 * SLEEP_SECONDS
/** Waits are up to a twentieth longer than the schedule says. */
const JITTER_MS_MAX = SLEEP_MS / 20
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
  // First attempts need no workflow here, so that a herd is soon asleep.
  service = await startTestService({ env: { POSTRIDER_FIRST_ATTEMPT: 'direct' } })
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

async function sleepingWorkflows(): Promise<number> {
  return (await service.client.workflow.count(`PostriderState = 'retrying' AND ExecutionStatus = 'Running'`))
    .count
}

async function countSucceeded(): Promise<number> {
  let count = 0
  let cursor = ''
  for (;;) {
    const { status, body } = await service.get<{ data: unknown[]; nextCursor: string | null }>(
      `/deliveries?state=succeeded&eventType=task.created&limit=100${cursor}`,
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
    for (let number = 0; number < PER_WEBHOOK; number += 1)
      await service.publish({ type: 'task.created', data: { number } })
    await expect.poll(requests, within).toBe(COUNT)
    const lastDueAt = performance.now() + SLEEP_MS + JITTER_MS_MAX
    // What a run is asleep for has been recorded.
    await expect.poll(sleepingWorkflows, within).toBe(COUNT)
    await Promise.all([service.end('api', 'SIGKILL'), service.end('worker', 'SIGKILL')])
    expect(requests(), 'nothing is due yet').toBe(COUNT)

    for (const endpoint of herd) {
      endpoint.arrivals.clear()
      endpoint.answer = () => ({ status: 200 })
      endpoint.forgetMax()
    }
    await pause(lastDueAt - performance.now())
    expect(requests()).toBe(0)
    const backAt = performance.now()
    service.start('api')
    service.start('worker')
    await service.ready()
    for (let number = 0; number < PASSERS_BY; number += 1) {
      await service.publish({ type: 'project.created', data: { number } })
      await pause(PASSING_EVERY_MS)
    }
    await expect.poll(() => passing.arrivals.size, within).toBe(PASSERS_BY)
    expect(requests(), 'new events do not wait for the herd').toBeLessThan(COUNT)

    await expect.poll(requests, within).toBe(COUNT)
    const seconds = Math.round((performance.now() - backAt) / 1_000)
    console.log(`A herd of ${HERD} was through ${seconds} s after the start.`)
    await expect.poll(countSucceeded, within).toBe(COUNT)
    expect(requests()).toBe(COUNT)
    expect(Math.max(...herd.map(({ inFlightMax }) => inFlightMax))).toBeLessThanOrEqual(CONCURRENCY)
  },
  8 * within.timeout,
)
