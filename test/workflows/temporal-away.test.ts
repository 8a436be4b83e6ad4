import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { findFreePort } from '../../src/local/ports.ts'
import { isTemporalReady, openClientLink, openWorkerLink } from '../../src/temporal/connection.ts'
import { CALL_TIMEOUT_MS } from '../../src/temporal/deadline.ts'
import { createDeliveryStarter } from '../../src/temporal/delivery-starter.ts'
import { progress } from '../../workflows/contract.ts'
import { startTestTemporal } from '../support/local-servers.ts'
import { type DeliveryLab, openLab, until } from './support/delivery-lab.ts'

type Server = Awaited<ReturnType<typeof startTestTemporal>>

let folder: string
let port: number
let server: Server

const startServer = async (): Promise<Server> =>
  startTestTemporal({ port, databaseFile: join(folder, 'temporal.db') })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postrider-temporal-'))
  port = await findFreePort('127.0.0.1')
})

afterAll(async () => {
  await server.kill()
  await rm(folder, { recursive: true, force: true })
})

describe('Temporal', () => {
  let lab: DeliveryLab
  const address = (): string => `127.0.0.1:${port}`

  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  it('may come later than the worker', async () => {
    const seen: unknown[] = []
    const link = openWorkerLink({ address: address(), namespace: 'default', security: {} }, (error) => {
      seen.push(error)
    })
    await until(() => seen.length >= 2)
    expect(() => link.client()).toThrow('has not been reached yet')
    expect(await isTemporalReady(link)).toBe(false)
    server = await startServer()
    await link.connection()
    expect(await isTemporalReady(link)).toBe(true)
    await link.close()
    lab = await openLab(address())
  })

  it('may be killed and started again while a delivery sleeps', async () => {
    const { row, delivery, handle } = lab.add({
      schedule: ['4s'],
      post: (number) => (number === 1 ? 500 : 200),
    })
    await lab.starter.start([delivery])
    await until(async () => (await handle.query(progress)).attemptsMade === 1)
    await server.kill()
    const { started, failed } = await lab.starter.start([lab.add().delivery])
    expect([started.length, failed.length]).toEqual([0, 1])
    server = await startServer()
    await until(() => row.state === 'succeeded', 60_000)
    expect(row.attempts).toHaveLength(2)
    // The same worker, client and connection go on.
    const next = lab.add()
    await until(async () => (await lab.starter.start([next.delivery])).started.length === 1)
    await until(() => next.row.state === 'succeeded')
  })

  it.each(['worker', 'client'] as const)('may hang: the calls of a %s link are bounded', async (kind) => {
    const target = { address: address(), namespace: 'default', security: {} }
    const workerLink = kind === 'worker' ? openWorkerLink(target, () => undefined) : undefined
    await workerLink?.connection()
    const link = workerLink ?? openClientLink(target)
    const starter = createDeliveryStarter({
      client: link.client,
      retrySignalWaitMs: 1_000,
      taskQueue: lab.taskQueue,
    })
    const first = lab.add()
    expect((await starter.start([first.delivery])).failed).toEqual([])

    process.kill(server.pid, 'SIGSTOP')
    try {
      const deliveries = Array.from({ length: 300 }, () => lab.add().delivery)
      const startedAt = performance.now()
      const { started, failed } = await starter.start(deliveries)
      // A few may slip through before the signal has stopped the last of the server's threads.
      expect(failed.length).toBeGreaterThan(200)
      expect(started.length + failed.length).toBe(300)
      expect(performance.now() - startedAt).toBeLessThan(CALL_TIMEOUT_MS + 1_000)
      await expect(starter.signalRetry(first.delivery, new Date())).rejects.toThrow()
      await expect(starter.signalCancel(first.delivery.deliveryId)).rejects.toThrow()
      expect(await isTemporalReady(link)).toBe(false)
    } finally {
      process.kill(server.pid, 'SIGCONT')
    }
    const next = lab.add()
    await until(async () => (await starter.start([next.delivery])).started.length === 1)
    await until(() => next.row.state === 'succeeded')
    await link.close()
  })

  it('may be gone when the worker is stopped', async () => {
    const stopped = await openLab(address())
    await server.kill()
    const startedAt = performance.now()
    await stopped.worker.stop()
    expect(performance.now() - startedAt).toBeLessThan(15_000)
    server = await startServer()
    await stopped[Symbol.asyncDispose]()
  })
})
