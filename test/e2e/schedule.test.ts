import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { parseDurationMs } from '../../src/domain/duration.ts'
import { waitsOf } from '../../src/domain/schedule.ts'
import { progress, RETRY_SIGNAL_WAIT_MS } from '../../workflows/contract.ts'
import { startReceiver } from '../support/life.ts'
import { eventually, type PublishedDelivery, publishTo } from '../support/published-delivery.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { skipTime } from '../support/temporal.ts'
import { historyOf, timersIn } from '../workflows/support/delivery-lab.ts'

type Receiver = Awaited<ReturnType<typeof startReceiver>>

let service: TestService
const receivers: Receiver[] = []

beforeAll(async () => {
  service = await startTestService()
})

afterAll(async () => {
  await service.stop()
  await Promise.all(receivers.map((receiver) => receiver.close()))
})

async function failingReceiver(): Promise<Receiver> {
  const receiver = await startReceiver()
  receiver.status = 500
  receivers.push(receiver)
  return receiver
}

async function timersOf({ handle }: PublishedDelivery, count: number): Promise<number[]> {
  await eventually(async () => timersIn(await historyOf(handle)).length, count)
  return timersIn(await historyOf(handle)).map(({ waitMs }) => waitMs)
}

/** Never shorter, at most 10 % longer; the few milliseconds between an attempt's end and its timer count as waited. */
function expectWaits(timersMs: readonly number[], waits: readonly string[]): void {
  for (const [index, wait] of waits.entries()) {
    const promisedMs = parseDurationMs(wait) ?? 0
    expect(timersMs[index], `wait ${index + 1}`).toBeGreaterThanOrEqual(promisedMs - 10)
    expect(timersMs[index], `wait ${index + 1}`).toBeLessThanOrEqual(promisedMs * 1.1)
  }
}

function report(schedule: string, timersMs: readonly number[]): void {
  const seconds = timersMs.map((waitMs) => `${(waitMs / 1_000).toFixed(3)} s`)
  process.stdout.write(`Timers of a run by ${schedule}: ${seconds.join(', ')}\n`)
}

async function skipAll(delivery: PublishedDelivery, timersMax: number): Promise<void> {
  await delivery.hasAttempts(1)
  await timersOf(delivery, 1)
  await skipTime(service.client, delivery.handle.workflowId, timersMax)
}

describe.concurrent('the schedule', () => {
  test.each([
    { name: 'standard', schedule: 'standard' as const, type: 'task.created' },
    { name: 'short', schedule: 'short' as const, type: 'task.updated' },
    { name: 'a custom list', schedule: ['10m', '3h', '2d'], type: 'task.deleted' },
  ])('$name is kept to the timers, to the last attempt and the alert', async ({ name, schedule, type }) => {
    const receiver = await failingReceiver()
    const waits = typeof schedule === 'string' ? waitsOf(schedule) : schedule
    const delivery = await publishTo(service, type, { url: receiver.url, schedule })
    await skipAll(delivery, waits.length)
    const { attempts, stepsUsed, steps, nextAttemptAt } = await delivery.becomes('failed')

    expect(attempts.map(({ number }) => number)).toEqual([...waits, ''].map((_, index) => index + 1))
    expect(attempts.every(({ trigger, statusCode }) => trigger === 'schedule' && statusCode === 500)).toBe(
      true,
    )
    expect([stepsUsed, steps, nextAttemptAt]).toEqual([waits.length + 1, waits.length + 1, null])
    expect(receiver.received.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(
      attempts.map(({ number }) => String(number)),
    )
    const timersMs = await timersOf(delivery, waits.length + 1)
    expectWaits(timersMs, waits)
    expect(timersMs.at(-1)).toBe(RETRY_SIGNAL_WAIT_MS)
    report(name, timersMs)
    expect(await delivery.webhook()).toMatchObject({ status: 'failed', enabled: true })
    expect(await delivery.alerts()).toMatchObject([{ kind: 'exhausted', state: 'open', count: 1 }])
  })

  test('has 7 attempts and the waits that were promised', () => {
    expect(waitsOf('standard')).toEqual(['1m', '5m', '30m', '2h', '12h', '24h'])
    expect(waitsOf('short')).toEqual(['2m', '4m', '8m'])
  })

  test('is lengthened by `Retry-After` for that wait only', async () => {
    const receiver = await failingReceiver()
    receiver.answers.push({ status: 503, headers: { 'retry-after': '3600' } })
    const delivery = await publishTo(service, 'project.created', { url: receiver.url, schedule: 'short' })
    await skipAll(delivery, 3)
    const { attempts } = await delivery.becomes('failed')
    expect(attempts.map(({ statusCode }) => statusCode)).toEqual([503, 500, 500, 500])
    expectWaits(await timersOf(delivery, 4), ['1h', '4m', '8m'])
  })

  test('rule 4: is not moved by a manual retry that fails', async () => {
    const receiver = await failingReceiver()
    const delivery = await publishTo(service, 'project.updated', {
      url: receiver.url,
      schedule: ['1m', '2h', '12h'],
    })
    await skipAll(delivery, 1)
    await delivery.hasAttempts(2)
    await timersOf(delivery, 2)
    const due = (await delivery.handle.query(progress)).nextAttemptAt
    const shown = (await delivery.read()).nextAttemptAt

    expect((await delivery.retry()).status).toBe(202)
    const { attempts, stepsUsed, nextAttemptAt, retryRequestedAt } = await delivery.hasAttempts(3)
    expect(attempts.map(({ trigger }) => trigger)).toEqual(['schedule', 'schedule', 'manual'])
    expect([stepsUsed, nextAttemptAt, retryRequestedAt]).toEqual([2, shown, null])
    await eventually(async () => (await delivery.handle.query(progress)).attemptsMade, 3)
    expect((await delivery.handle.query(progress)).nextAttemptAt).toBe(due)

    await timersOf(delivery, 3)
    receiver.status = 200
    await skipTime(service.client, delivery.handle.workflowId, 1)
    expect((await delivery.becomes('succeeded')).attempts.at(-1)).toMatchObject({
      number: 4,
      trigger: 'schedule',
    })
  })

  test('ends with a wait for a manual retry; after it the run closes, and a retry starts another', async () => {
    const receiver = await failingReceiver()
    const delivery = await publishTo(service, 'phase.created', { url: receiver.url, schedule: ['1m'] })
    await skipAll(delivery, 2)
    expect(await delivery.handle.result()).toBe('failed')
    const first = await delivery.handle.describe()
    expect(first.status.name).toBe('COMPLETED')

    expect((await delivery.retry()).body).toMatchObject({ state: 'failed' })
    await delivery.hasAttempts(3)
    const second = await delivery.handle.describe()
    expect(second.runId).not.toBe(first.runId)
    expect(second.status.name).toBe('RUNNING')
    // What failed by hand leaves the alert as it was, and its run listens again for as long.
    expect(await delivery.alerts()).toMatchObject([{ state: 'open', count: 1 }])
    expect((await timersOf(delivery, 1))[0]).toBe(RETRY_SIGNAL_WAIT_MS)

    receiver.status = 200
    await delivery.retry()
    const { attempts, stepsUsed } = await delivery.becomes('succeeded')
    expect(attempts.map(({ trigger }) => trigger)).toEqual(['schedule', 'schedule', 'manual', 'manual'])
    expect(stepsUsed).toBe(2)
    expect(await delivery.handle.result()).toBe('succeeded')
    expect(await delivery.webhook()).toMatchObject({ status: 'enabled' })
    expect(await delivery.alerts()).toMatchObject([{ state: 'closed', count: 1 }])
  })
})
