import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { migrate } from '../../src/db/migrator.ts'
import { cacheFolder } from '../../src/local/cache-folder.ts'
import { findFreePort } from '../../src/local/ports.ts'
import { type LocalPostgres, startPostgres } from '../../src/local/postgres.ts'
import { type LocalTemporal, startTemporal } from '../../src/local/temporal.ts'
import { findTemporalBinary } from '../../src/local/temporal-binary.ts'
import { startReceiver } from '../support/life.ts'
import { eventually, publishAgain, type PublishedDelivery, publishTo } from '../support/published-delivery.ts'
import { startTestService, type TestService } from '../support/service.ts'

/** The servers of `npm start`, as they are there: durable, on files, on the same ports after every start. */
async function openServers() {
  const folder = await mkdtemp(join(tmpdir(), 'postrider-servers-'))
  const [postgresPort, temporalPort] = [await findFreePort('127.0.0.1'), await findFreePort('127.0.0.1')]
  const binary = await findTemporalBinary({
    searchPath: process.env['PATH'] ?? '',
    cacheDir: cacheFolder(process.env),
    onProgress: () => undefined,
  })
  const running: { postgres?: LocalPostgres; temporal?: LocalTemporal } = {}
  const servers = {
    running,
    async startPostgres() {
      running.postgres = await startPostgres({ homeDir: join(folder, 'postgres'), port: postgresPort })
      return running.postgres
    },
    async startTemporal() {
      const databaseFile = join(folder, 'temporal.db')
      running.temporal = await startTemporal({ binary, port: temporalPort, databaseFile })
      return running.temporal
    },
    /** kill -9 of the server's first process, and waits until it is gone. */
    async kill(which: 'postgres' | 'temporal') {
      const server = running[which]
      if (server === undefined) return
      process.kill(server.pid, 'SIGKILL')
      await server.exited
      // PostgreSQL's own children notice it by themselves; this ends what may be left of the group.
      await server.kill()
    },
    async close() {
      await Promise.all([servers.kill('postgres'), servers.kill('temporal')])
      await rm(folder, { recursive: true, force: true })
    },
  }
  return servers
}

let servers: Awaited<ReturnType<typeof openServers>>
let service: TestService
let receiver: Awaited<ReturnType<typeof startReceiver>>

beforeAll(async () => {
  receiver = await startReceiver()
  servers = await openServers()
  const [postgres, temporal] = await Promise.all([servers.startPostgres(), servers.startTemporal()])
  await migrate(postgres.url)
  service = await startTestService({ databaseUrl: postgres.url, temporalAddress: temporal.address })
})

afterAll(async () => {
  await service.stop()
  await servers.close()
  await receiver.close()
})

let current: PublishedDelivery | undefined

beforeEach(() => {
  receiver.status = 200
  receiver.received.length = 0
  receiver.answers.length = 0
})

afterEach(async () => {
  await current?.remove()
})

async function asleep(schedule: string[]): Promise<PublishedDelivery> {
  receiver.answers.push({ status: 500 })
  current = await publishTo(service, 'task.created', { url: receiver.url, schedule })
  await current.hasAttempts(1)
  return current
}

/** Delivered by its second attempt, not before its time and soon after it or after everything was back. */
async function expectInTime(
  delivery: PublishedDelivery,
  dueAt: string | null,
  backAt: number,
): Promise<void> {
  const { attempts, stepsUsed } = await delivery.becomes('succeeded')
  expect(attempts.map(({ failure }) => failure)).toEqual(['status', null])
  expect(stepsUsed).toBe(2)
  const madeAt = Date.parse(attempts[1]?.startedAt ?? '')
  expect(madeAt).toBeGreaterThanOrEqual(Date.parse(dueAt ?? '') - 50)
  expect(madeAt).toBeLessThan(Math.max(Date.parse(dueAt ?? ''), backAt) + LATE_MS_MAX)
  expect(receiver.received).toHaveLength(2)
}

const LATE_MS_MAX = 30_000

describe('kill -9 of the local servers', () => {
  test('of Temporal while a delivery sleeps: it is delivered at its time, and events are accepted meanwhile', async () => {
    const delivery = await asleep(['10s'])
    const { nextAttemptAt } = await delivery.read()
    await servers.kill('temporal')
    const accepted = await publishAgain(service, 'task.created', delivery.webhookId)
    await servers.startTemporal()
    const backAt = Date.now()
    expect(await accepted.becomes('succeeded')).toMatchObject({ attemptCount: 1 })
    receiver.received.splice(1, 1)
    await expectInTime(delivery, nextAttemptAt, backAt)
  })

  test('of Temporal while it is away at the due time: the delivery is made when it is back', async () => {
    const delivery = await asleep(['2s'])
    const { nextAttemptAt } = await delivery.read()
    await servers.kill('temporal')
    await eventually(() => Date.now() > Date.parse(nextAttemptAt ?? '') + 1_000, true)
    await servers.startTemporal()
    await expectInTime(delivery, nextAttemptAt, Date.now())
  })

  test('of PostgreSQL while deliveries are made: each is recorded, none is lost, no step is used up', async () => {
    let answer = (): void => undefined
    const released = new Promise<void>((resolve) => (answer = resolve))
    for (let number = 0; number < 5; number += 1) receiver.answers.push({ status: 200, waitFor: released })
    const { id } = await service.createWebhook({
      url: receiver.url,
      events: ['task.created'],
      schedule: ['1h'],
    })
    const deliveries = await Promise.all([1, 2, 3, 4, 5].map(() => publishAgain(service, 'task.created', id)))
    current = deliveries[0]
    await eventually(() => receiver.received.length, 5)
    await servers.kill('postgres')
    answer()
    const refused = await service.post('/events', { type: 'task.created', data: {} })
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    await servers.startPostgres()
    for (const delivery of deliveries)
      expect(await delivery.becomes('succeeded')).toMatchObject({ attemptCount: 1, stepsUsed: 1 })
    expect(receiver.received).toHaveLength(5)
  })

  test('of everything while a delivery sleeps: it is delivered at its time after a start', async () => {
    const delivery = await asleep(['15s'])
    const { nextAttemptAt } = await delivery.read()
    const programs = ['api', 'worker'] as const
    await Promise.all([
      ...programs.map((program) => service.end(program, 'SIGKILL')),
      servers.kill('postgres'),
      servers.kill('temporal'),
    ])
    await Promise.all([servers.startPostgres(), servers.startTemporal()])
    for (const program of programs) service.start(program)
    await service.ready()
    await expectInTime(delivery, nextAttemptAt, Date.now())
  })
})
