import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { Deferred } from '../../src/domain/deferred.ts'
import { findClosedAbnormally } from '../../src/temporal/closed-runs.ts'
import { progress, retryNow } from '../../workflows/contract.ts'
import { type DeliveryLab, historyOf, openLab, timersIn, until } from './support/delivery-lab.ts'
import { runTemporal } from './support/operator-cli.ts'

const SECRET_TEXT = 'https://receiver.example/hook?token=whsec_secret'

let lab: DeliveryLab

beforeAll(async () => {
  lab = await openLab(inject('temporalAddress'))
})

afterAll(async () => {
  await lab[Symbol.asyncDispose]()
})

describe('our own side', () => {
  it('may make an attempt wait without an event in the history', async () => {
    let turns = 0
    const { row, delivery, handle } = lab.add({
      post: () => {
        turns += 1
        if (turns < 4) throw new Deferred('cap', 50)
        return 200
      },
    })
    await lab.starter.start([delivery])
    expect(await handle.result()).toBe('succeeded')
    expect(turns).toBe(4)
    expect(row.attempts).toHaveLength(1)
    expect(await historyOf(handle)).toHaveLength(11)
  })

  it('may fail without using up the schedule, and its errors stay out of the history', async () => {
    let isBroken = true
    const { row, delivery, handle } = lab.add({
      post: () => {
        if (isBroken) throw new Error(SECRET_TEXT)
        return 200
      },
    })
    await lab.starter.start([delivery])
    await until(() => lab.faults.length > 0)
    await until(async () => {
      const [pending] = (await handle.describe()).raw.pendingActivities ?? []
      return pending?.lastFailure?.message?.startsWith('Our own side could not do it') === true
    })
    expect(JSON.stringify((await handle.describe()).raw)).not.toContain('whsec')
    isBroken = false
    expect(await handle.result()).toBe('succeeded')
    expect(row.stepsUsed).toBe(1)
    expect(JSON.stringify(await historyOf(handle))).not.toContain('whsec')
  })

  it('records what was POSTed without POSTing it again', async () => {
    const { row, delivery, handle } = lab.add({ losesRecord: true })
    await lab.starter.start([delivery])
    expect(await handle.result()).toBe('succeeded')
    expect(row.calls).toHaveLength(1)
    expect(row.attempts).toHaveLength(1)
  })

  it('names the maker of an attempt the same in every try of it', async () => {
    let turns = 0
    const { row, delivery, handle } = lab.add({
      post: () => {
        turns += 1
        if (turns < 3) throw new Deferred('in_flight', 20)
        return 200
      },
    })
    await lab.starter.start([delivery])
    await handle.result()
    expect(new Set(row.calls.map(({ token }) => token)).size).toBe(1)
  })

  it('gives up a quick first attempt that takes too long, and asks again the patient way', async () => {
    const { row, delivery, handle } = lab.add(
      {
        post: async (_, { token }) => {
          if (token === row.calls[0]?.token) await delay(6_000)
          return 200
        },
      },
      { quick: true },
    )
    await lab.starter.start([delivery])
    expect(await handle.result()).toBe('succeeded')
    expect(row.calls.map(({ reason }) => reason.kind)).toEqual(['start', 'start'])
  })
})

describe('an operator', () => {
  it('may terminate a run: the next one goes on with what is left of the wait', async () => {
    const { row, delivery, handle } = lab.add({
      schedule: ['3s'],
      post: (number) => (number === 1 ? 500 : 200),
    })
    const startedAt = new Date(Date.now() - 1_000)
    await lab.starter.start([delivery])
    await until(() => row.attempts.length === 1)
    await until(async () => timersIn(await historyOf(handle)).length === 1)
    await handle.terminate('by hand')
    await until(async () => (await findClosedAbnormally(lab.client, startedAt)).includes(delivery.deliveryId))
    await lab.starter.start([{ ...delivery, attemptsMade: 1 }])
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts).toHaveLength(2)
    expect(timersIn(await historyOf(handle))[0]?.waitMs).toBeLessThan(3_000)
  })

  it('may reset a run: no recorded attempt is made again, and it goes on with what is left', async () => {
    const { row, delivery, handle } = lab.add({
      // Long enough that the reset comes during the wait on a busy machine, too.
      schedule: ['8s'],
      post: (number) => (number === 1 ? 500 : 200),
    })
    await lab.starter.start([delivery])
    await until(async () => timersIn(await historyOf(handle)).length === 1)
    const { runId } = await handle.describe()
    await runTemporal(inject('temporalAddress'), [
      ...['workflow', 'reset', '--workflow-id', handle.workflowId, '--run-id', runId],
      ...['--event-id', '4', '--reason', 'test'],
    ])
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts).toHaveLength(2)
    expect(row.calls.map(({ reason }) => reason.kind)).toEqual(['start', 'start', 'due'])
  })
})

describe('a run that grows long', () => {
  it('continues as new and keeps the due time', async () => {
    const { row, delivery, handle } = lab.add({ schedule: ['1h'], post: () => 500 })
    await lab.starter.start([delivery])
    await until(() => row.attempts.length === 1)
    const firstRunId = (await handle.describe()).runId
    const { nextAttemptAt } = await handle.query(progress)
    for (let number = 2; number <= 201; number += 1) {
      await handle.signal(retryNow)
      await until(() => row.attempts.length === number)
      // A signal during an attempt is absorbed by it.
      await until(async () => (await handle.query(progress)).attemptsMade >= number)
    }
    await until(async () => (await handle.describe()).runId !== firstRunId)
    expect(await handle.query(progress)).toEqual({
      state: 'pending',
      attemptsMade: 201,
      nextAttemptAt,
      stepsUsed: 1,
      steps: 2,
    })
    const { searchAttributes, status } = (await handle.describe()) as {
      searchAttributes: object
      status: { name: string }
    }
    expect(status.name).toBe('RUNNING')
    expect(searchAttributes).toMatchObject({
      PostriderState: ['retrying'],
      PostriderEventType: ['task.created'],
    })
    await handle.cancel()
    expect(await handle.result()).toBe('cancelled')
  })
})

describe('a worker that is stopped', () => {
  it('lets the attempt in flight finish, and another one goes on', async () => {
    const stopped = await openLab(inject('temporalAddress'))
    const answer = Promise.withResolvers<number>()
    const { row, delivery, handle } = stopped.add({ post: () => answer.promise })
    await stopped.starter.start([delivery])
    await until(() => row.calls.length === 1)
    const stopping = stopped.worker.stop()
    await delay(100)
    answer.resolve(200)
    await stopping
    expect(row.state).toBe('succeeded')
    await using next = await openLab(inject('temporalAddress'), { taskQueue: stopped.taskQueue })
    next.rows.set(delivery.deliveryId, row)
    expect(await next.client.workflow.getHandle(handle.workflowId).result()).toBe('succeeded')
    expect(row.attempts).toHaveLength(1)
    await stopped[Symbol.asyncDispose]()
  })

  it('has cost no time when it comes back: a wait counts from its start', async () => {
    const stopped = await openLab(inject('temporalAddress'))
    const dueAtMs = Date.now() + 1_000
    const { row, delivery, handle } = stopped.add({ stepsUsed: 1, nextAttemptAt: new Date(dueAtMs) })
    await stopped.worker.stop()
    const waiting = { dueAtMs, stepsUsed: 1, steps: 2 }
    await stopped.starter.start([{ ...delivery, attemptsMade: 1, waiting }])
    await until(() => Date.now() > dueAtMs)
    await using next = await openLab(inject('temporalAddress'), { taskQueue: stopped.taskQueue })
    next.rows.set(delivery.deliveryId, row)
    expect(await next.client.workflow.getHandle(handle.workflowId).result()).toBe('succeeded')
    expect(timersIn(await historyOf(handle))).toEqual([])
    await stopped[Symbol.asyncDispose]()
  })
})
