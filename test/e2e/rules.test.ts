import { Client as Postgres } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startReceiver } from '../support/life.ts'
import {
  createTenant,
  type DeliveryAnswer,
  eventually,
  publishAgain,
  type PublishedDelivery,
  publishTo,
  type Tenant,
} from '../support/published-delivery.ts'
import { startTestService, type TestService } from '../support/service.ts'

type Receiver = Awaited<ReturnType<typeof startReceiver>>

const TYPE = 'task.created'

let service: TestService
let postgres: Postgres
const receivers: Receiver[] = []

beforeAll(async () => {
  service = await startTestService()
  postgres = new Postgres({ connectionString: service.databaseUrl })
  await postgres.connect()
})

afterAll(async () => {
  await postgres.end()
  await service.stop()
  await Promise.all(receivers.map((receiver) => receiver.close()))
})

/** A workspace and a receiver of its own for each test, because they run at once. */
async function open(status = 500): Promise<{ tenant: Tenant; receiver: Receiver }> {
  const receiver = await startReceiver()
  receiver.status = status
  receivers.push(receiver)
  return { tenant: await createTenant(service), receiver }
}

/** The receiver's next answer waits until it is called for. */
function holdAnswer(receiver: Receiver, status: number): () => void {
  let release = (): void => undefined
  receiver.answers.push({ status, waitFor: new Promise<void>((resolve) => (release = resolve)) })
  return () => {
    release()
  }
}

async function patch(tenant: Tenant, { webhookId }: PublishedDelivery, change: unknown): Promise<void> {
  const { status, body } = await tenant.request('PATCH', `/webhooks/${webhookId}`, change)
  expect(status, JSON.stringify(body)).toBe(200)
}

const off = { enabled: false }
const on = { enabled: true }

/** A delivery in each of the states in which one can be found. */
async function inEachState(tenant: Tenant, receiver: Receiver): Promise<Record<string, PublishedDelivery>> {
  const pending = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1h'] })
  await pending.hasAttempts(1)
  const publish = () => publishAgain(tenant, TYPE, pending.webhookId)
  const cancelled = await publish()
  await cancelled.hasAttempts(1)
  await cancelled.cancel()
  receiver.status = 200
  const succeeded = await publish()
  await succeeded.becomes('succeeded')
  receiver.answers.push({ status: 410 })
  const failed = await publish()
  await failed.becomes('failed')
  const held = await publish()
  await held.becomes('held')
  receiver.status = 500
  return { pending, cancelled, succeeded, failed, held }
}

describe.concurrent('the rules of a delivery’s life', () => {
  test('rule 1: long failure turns the webhook off, its alert is closed by turning it on', async () => {
    const { tenant, receiver } = await open()
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1s', '3s', '1h'] })
    await delivery.hasAttempts(1)
    await postgres.query(`update webhook set failing_since = now() - interval '6 days' where id = $1`, [
      delivery.webhookId,
    ])
    await delivery.hasAttempts(2)
    expect(await delivery.webhook()).toMatchObject({
      status: 'disabled',
      disabledReason: 'failing',
      disabledBy: null,
      enabled: false,
    })
    // There is no mail server, so the alert stands in the list and in the log.
    const isLogged = () => service.log.join('').includes(`"webhookId":"${delivery.webhookId}"`)
    await eventually(isLogged, true)
    const disabled = { kind: 'disabled', count: 1 }
    expect(await delivery.alerts()).toMatchObject([{ ...disabled, state: 'open' }])
    expect((await (await publishAgain(tenant, TYPE, delivery.webhookId)).read()).state).toBe('held')
    expect((await delivery.read()).state).toBe('pending')
    await delivery.becomes('held')
    expect((await delivery.webhook())['heldCount']).toBe(2)
    await patch(tenant, delivery, on)
    expect(await delivery.alerts()).toMatchObject([{ ...disabled, state: 'closed' }])
    expect((await delivery.read()).state).toBe('held')
  })

  test('rule 1: what stayed held is sent later, also on a webhook that is on, within its cap', async () => {
    const { tenant, receiver } = await open(200)
    const url = receiver.url
    const first = await publishTo(tenant, TYPE, { url, enabled: false, concurrency: 1 })
    const others = await Promise.all([1, 2, 3].map(() => publishAgain(tenant, TYPE, first.webhookId)))
    await patch(tenant, first, on)
    expect((await first.webhook())['heldCount']).toBe(4)
    expect(receiver.received).toHaveLength(0)
    // By hand, one of them: due now.
    const { status, body } = await first.retry()
    expect([status, body.state]).toEqual([202, 'pending'])
    await first.becomes('succeeded')

    const release = holdAnswer(receiver, 200)
    await patch(tenant, first, { ...on, sendHeld: true })
    await eventually(() => receiver.received.length, 2)
    expect(await first.webhook()).toMatchObject({ heldCount: 0, openCount: 3 })
    // Another one has its turn and waits for the place.
    const waiting = async () =>
      (await Promise.all(others.map((one) => one.read()))).some((one) => one.deferredUntil !== null)
    await eventually(waiting, true)
    expect(receiver.received).toHaveLength(2)
    release()
    for (const other of others) expect(await other.becomes('succeeded')).toMatchObject({ attemptCount: 1 })
  })

  test('rule 2: deleting cancels what is open and held, and leaves what has ended; all can still be read', async () => {
    const { tenant, receiver } = await open()
    const deliveries = await inEachState(tenant, receiver)
    await deliveries['pending']?.remove()
    const states = Object.entries(deliveries).map(async ([was, delivery]) => [
      was,
      (await delivery.read()).state,
    ])
    expect(Object.fromEntries(await Promise.all(states))).toEqual({
      pending: 'cancelled',
      held: 'cancelled',
      cancelled: 'cancelled',
      succeeded: 'succeeded',
      failed: 'failed',
    })
  })

  test.each([
    { how: 'cancelled', act: (one: PublishedDelivery) => one.cancel() },
    { how: 'its webhook deleted', act: (one: PublishedDelivery) => one.remove() },
    {
      how: 'its webhook turned off',
      act: (one: PublishedDelivery, tenant: Tenant) => patch(tenant, one, off),
    },
  ])('rule 3: an attempt in flight, $how, is finished, recorded, and makes it succeeded', async ({ act }) => {
    const { tenant, receiver } = await open()
    const release = holdAnswer(receiver, 200)
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url })
    await eventually(() => receiver.received.length, 1)
    await act(delivery, tenant)
    release()
    const { attempts } = await delivery.becomes('succeeded')
    expect(attempts).toMatchObject([{ number: 1, statusCode: 200, failure: null }])
  })

  test('rule 4: while the webhook is off, and when it is gone, a manual retry is refused in every state', async () => {
    const { tenant, receiver } = await open()
    const deliveries = Object.values(await inEachState(tenant, receiver))
    const count = receiver.received.length
    const retryAll = () =>
      Promise.all(deliveries.map(async (one) => (await one.retry({ force: true })).status))
    expect(await retryAll()).toEqual([409, 409, 409, 409, 409])
    await deliveries[0]?.remove()
    expect(await retryAll()).toEqual([409, 409, 409, 409, 409])
    expect(receiver.received).toHaveLength(count)
  })

  test('rule 4: during an attempt a retry is absorbed', async () => {
    const { tenant, receiver } = await open()
    const release = holdAnswer(receiver, 500)
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1h'] })
    await eventually(() => receiver.received.length, 1)
    const { status, body } = await delivery.retry()
    expect([status, body.retryRequestedAt]).toEqual([202, null])
    release()
    const { nextAttemptAt } = await delivery.hasAttempts(1)
    expect(nextAttemptAt).not.toBeNull()
    // Had it been kept, it would come before this one, which is asked for later.
    await delivery.retry()
    expect((await delivery.hasAttempts(2)).retryRequestedAt).toBeNull()
    expect(receiver.received).toHaveLength(2)
  })

  test.each(['failed', 'cancelled'])(
    'rule 4: a %s delivery keeps its state until the result',
    async (state) => {
      const { tenant, receiver } = await open()
      const schedule = state === 'failed' ? ['1s'] : ['1h']
      const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule })
      await delivery.hasAttempts(1)
      if (state === 'cancelled') await delivery.cancel()
      const before = await delivery.becomes(state)
      const refuse = holdAnswer(receiver, 503)
      const { status, body } = await delivery.retry()
      expect([status, body.state, body.retryRequestedAt === null]).toEqual([202, state, false])
      await eventually(() => receiver.received.length, before.attemptCount + 1)
      expect(await delivery.read()).toMatchObject({ state, retryRequestedAt: body.retryRequestedAt })
      refuse()
      const refused = await delivery.hasAttempts(before.attemptCount + 1)
      expect(refused).toMatchObject({
        state,
        retryRequestedAt: null,
        stepsUsed: before.stepsUsed,
        lastFailure: 'status',
      })
      expect(refused.settledAt).toBe(before.settledAt)
      expect((await delivery.alerts()).map(({ count }) => count)).toEqual(state === 'failed' ? [1] : [])

      receiver.status = 200
      await delivery.retry()
      const { attempts } = await delivery.becomes('succeeded')
      expect(attempts.slice(before.attemptCount).map(({ trigger }) => trigger)).toEqual(['manual', 'manual'])
    },
  )

  test('rule 4: one more attempt of a succeeded delivery changes no state, even when it fails', async () => {
    const { tenant, receiver } = await open(200)
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url })
    const { settledAt } = await delivery.becomes('succeeded')
    expect((await delivery.retry()).status).toBe(409)
    receiver.status = 500
    expect((await delivery.retry({ force: true })).status).toBe(202)
    const after: DeliveryAnswer = await delivery.hasAttempts(2)
    expect(after).toMatchObject({ state: 'succeeded', settledAt, retryRequestedAt: null })
    expect(await delivery.webhook()).toMatchObject({ status: 'enabled' })
  })

  test('rule 5: cancel ends what is open, held or failed, also when repeated, and nothing that has succeeded', async () => {
    const { tenant, receiver } = await open()
    const deliveries = await inEachState(tenant, receiver)
    for (const [was, delivery] of Object.entries(deliveries)) {
      const answers = [await delivery.cancel(), await delivery.cancel()]
      const isEnded = was !== 'succeeded'
      expect(
        answers.map(({ status }) => status),
        was,
      ).toEqual(isEnded ? [200, 200] : [409, 409])
      if (isEnded)
        for (const { body } of answers) expect(body).toMatchObject({ id: delivery.id, state: 'cancelled' })
      expect((await delivery.read()).state).toBe(isEnded ? 'cancelled' : 'succeeded')
    }
    const stats = await tenant.get<{ totals: unknown }>(
      `/webhooks/${deliveries['held']?.webhookId ?? ''}/stats`,
    )
    expect(stats.body.totals).toEqual({ pending: 0, held: 0, failed: 0, succeeded: 1, cancelled: 4 })
  })

  test('a webhook is failed from an exhausted delivery until a success: what fails or ends by hand, and tests, change nothing', async () => {
    const { tenant, receiver } = await open()
    const delivery = await publishTo(tenant, TYPE, { url: receiver.url, schedule: ['1s'] })
    await delivery.becomes('failed')
    const status = async () => (await delivery.webhook())['status']
    expect(await status()).toBe('failed')
    await delivery.retry()
    await delivery.hasAttempts(3)
    receiver.answers.push({ status: 200 })
    const sample = await tenant.post<{ attempt: { statusCode: number } }>(
      `/webhooks/${delivery.webhookId}/test`,
      {},
    )
    expect([sample.status, sample.body.attempt.statusCode]).toEqual([200, 200])
    await delivery.cancel()
    expect(await status()).toBe('failed')
    await patch(tenant, delivery, off)
    expect(await status()).toBe('disabled')
    await patch(tenant, delivery, on)
    expect(await status()).toBe('failed')
    receiver.status = 200
    await (await publishAgain(tenant, TYPE, delivery.webhookId)).becomes('succeeded')
    expect(await status()).toBe('enabled')
  })
})
