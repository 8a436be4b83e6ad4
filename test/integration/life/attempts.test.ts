import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { createLife, type Life, startReceiver } from '../../support/life.ts'

let life: Life
let receiver: Awaited<ReturnType<typeof startReceiver>>

beforeAll(async () => {
  life = await createLife()
  receiver = await startReceiver()
})

afterAll(async () => {
  await receiver.close()
  await life.close()
})

beforeEach(async () => {
  receiver.status = 200
  receiver.received.length = 0
  receiver.answers.length = 0
  await life.database.sql.query('update webhook set deleted_at = now()')
})

async function deliveryTo(options: { schedule?: string } = {}) {
  const webhookId = await life.createWebhook(receiver.url, options)
  const [deliveryId = ''] = await life.publish()
  return { webhookId, deliveryId }
}

const due = { kind: 'due' } as const
const start = { kind: 'start' } as const

describe('an attempt', () => {
  test('that is accepted makes its delivery succeeded and is on record', async () => {
    const { deliveryId } = await deliveryTo()
    const result = await life.attempt({ deliveryId, reason: start, token: 'run/1' })
    expect(result).toMatchObject({
      kind: 'settled',
      state: 'succeeded',
      attempt: { number: 1, statusCode: 200, failure: null },
    })
    expect(await life.delivery(deliveryId)).toMatchObject({
      state: 'succeeded',
      attempt_count: 1,
      steps_used: 1,
      dispatch_at: null,
      in_flight_token: null,
    })
    expect(await life.attemptsOf(deliveryId)).toMatchObject([
      { number: 1, status_code: 200, response_body: 'ok', trigger: 'schedule', remote_address: '127.0.0.1' },
    ])
    expect(receiver.received).toHaveLength(1)
  })

  test('that is not accepted waits for the next step of the schedule', async () => {
    receiver.status = 503
    const { deliveryId } = await deliveryTo()
    const result = await life.attempt({ deliveryId, reason: start, token: 'run/1' })
    expect(result).toMatchObject({ kind: 'waiting', waitMs: 60_000, stepsUsed: 1, steps: 7 })
    expect(await life.delivery(deliveryId)).toMatchObject({
      state: 'pending',
      attempt_count: 1,
      steps_used: 1,
      last_failure: 'status',
      last_status_code: 503,
    })
  })

  test('at the end of the schedule fails delivery and webhook and opens one alert; a success closes it', async () => {
    receiver.status = 500
    const { webhookId, deliveryId } = await deliveryTo({ schedule: '1s' })
    await life.attempt({ deliveryId, reason: start, token: 'run/1' })
    const result = await life.attempt({ deliveryId, reason: due, token: 'run/2' })
    expect(result).toMatchObject({ kind: 'settled', state: 'failed' })
    expect((await life.webhook(webhookId))['failed_at']).toBeInstanceOf(Date)
    expect((await life.alerts()).filter((alert) => alert['webhook_id'] === webhookId)).toMatchObject([
      { kind: 'exhausted', state: 'open', count: 1 },
    ])

    receiver.status = 200
    await life.commands.retry(life.workspaceId, deliveryId, { force: false })
    const request = (await life.delivery(deliveryId))['retry_requested_at'] as Date
    expect(request).toBeInstanceOf(Date)
    const retried = await life.attempt({
      deliveryId,
      reason: { kind: 'manual', requestedAt: request.toISOString() },
      token: 'run/3',
    })
    expect(retried).toMatchObject({
      kind: 'settled',
      state: 'succeeded',
      attempt: { number: 3, trigger: 'manual' },
    })
    expect((await life.webhook(webhookId))['failed_at']).toBeNull()
    expect((await life.alerts()).filter((alert) => alert['webhook_id'] === webhookId)).toMatchObject([
      { state: 'closed' },
    ])
    // The request was served: its signal, arriving twice, makes no further attempt.
    expect(
      await life.attempt({
        deliveryId,
        reason: { kind: 'manual', requestedAt: request.toISOString() },
        token: 'run/4',
      }),
    ).toEqual({ kind: 'nothing' })
    expect(receiver.received).toHaveLength(3)
  })

  test('rule 1: a 410 fails its delivery as gone and turns the webhook off, with an alert', async () => {
    receiver.status = 410
    const { webhookId, deliveryId } = await deliveryTo()
    expect(await life.attempt({ deliveryId, reason: start, token: 'run/1' })).toMatchObject({
      kind: 'settled',
      state: 'failed',
      attempt: { failure: 'gone' },
    })
    expect(await life.webhook(webhookId)).toMatchObject({
      enabled: false,
      disabled_reason: 'gone',
      failed_at: null,
    })
    expect((await life.alerts()).filter((alert) => alert['webhook_id'] === webhookId)).toMatchObject([
      { kind: 'disabled', state: 'open' },
    ])
    const [held = ''] = await life.publish()
    expect(await life.delivery(held)).toMatchObject({
      state: 'held',
      dispatch_at: null,
      next_attempt_at: null,
    })
  })

  test('rule 1: an open delivery of a disabled webhook becomes held when it falls due, not before', async () => {
    receiver.status = 500
    const { webhookId, deliveryId } = await deliveryTo()
    await life.attempt({ deliveryId, reason: start, token: 'run/1' })
    await life.database.sql.query('update webhook set enabled = false where id = $1', [webhookId])
    expect(await life.attempt({ deliveryId, reason: start, token: 'run/2' })).toMatchObject({
      kind: 'waiting',
      attempt: null,
    })
    expect(await life.attempt({ deliveryId, reason: due, token: 'run/3' })).toEqual({
      kind: 'settled',
      state: 'held',
      attempt: null,
    })
    expect(receiver.received).toHaveLength(1)
  })

  test('rule 2: of a deleted webhook is not made', async () => {
    const { webhookId, deliveryId } = await deliveryTo()
    await life.database.sql.query('update webhook set deleted_at = now() where id = $1', [webhookId])
    expect(await life.attempt({ deliveryId, reason: start, token: 'run/1' })).toMatchObject({
      state: 'cancelled',
      attempt: null,
    })
    expect(receiver.received).toHaveLength(0)
    expect((await life.delivery(deliveryId))['state']).toBe('cancelled')
  })

  test('rule 3: cancelled in flight is finished and recorded, and a 2xx makes it succeeded', async () => {
    const { deliveryId } = await deliveryTo()
    let open = (): void => undefined
    receiver.answers.push({ status: 200, waitFor: new Promise<void>((resolve) => (open = resolve)) })
    const running = life.attempt({ deliveryId, reason: start, token: 'run/1' })
    await expect.poll(() => receiver.received.length).toBe(1)
    await life.commands.cancel(life.workspaceId, deliveryId)
    expect((await life.delivery(deliveryId))['state']).toBe('cancelled')
    open()
    expect(await running).toMatchObject({ kind: 'settled', state: 'succeeded' })
    expect((await life.delivery(deliveryId))['state']).toBe('succeeded')
  })

  test('rule 3: cancelled in flight and refused stays cancelled', async () => {
    const { deliveryId } = await deliveryTo()
    let open = (): void => undefined
    receiver.answers.push({ status: 500, waitFor: new Promise<void>((resolve) => (open = resolve)) })
    const running = life.attempt({ deliveryId, reason: start, token: 'run/1' })
    await expect.poll(() => receiver.received.length).toBe(1)
    await life.commands.cancel(life.workspaceId, deliveryId)
    open()
    expect(await running).toMatchObject({ kind: 'settled', state: 'cancelled' })
    expect(await life.attemptsOf(deliveryId)).toMatchObject([{ number: 1, status_code: 500 }])
  })

  test('rule 4: a manual retry in mid-schedule that fails leaves the original due time standing', async () => {
    receiver.status = 500
    const { deliveryId } = await deliveryTo()
    await life.attempt({ deliveryId, reason: start, token: 'run/1' })
    const before = await life.delivery(deliveryId)
    await life.commands.retry(life.workspaceId, deliveryId, { force: false })
    const requestedAt = ((await life.delivery(deliveryId))['retry_requested_at'] as Date).toISOString()
    const result = await life.attempt({ deliveryId, reason: { kind: 'manual', requestedAt }, token: 'run/2' })
    expect(result).toMatchObject({ kind: 'waiting', stepsUsed: 1, attempt: { number: 2, trigger: 'manual' } })
    expect(await life.delivery(deliveryId)).toMatchObject({
      attempt_count: 2,
      steps_used: 1,
      next_attempt_at: before['next_attempt_at'],
      retry_requested_at: null,
    })
  })

  test('rule 4: a retry of a succeeded delivery needs force, and changes no state', async () => {
    const { deliveryId } = await deliveryTo()
    await life.attempt({ deliveryId, reason: start, token: 'run/1' })
    await expect(life.commands.retry(life.workspaceId, deliveryId, { force: false })).rejects.toMatchObject({
      code: 'conflict',
    })
    await life.commands.retry(life.workspaceId, deliveryId, { force: true })
    receiver.status = 500
    expect(await life.attempt({ deliveryId, reason: start, token: 'run/2' })).toMatchObject({
      kind: 'settled',
      state: 'succeeded',
      attempt: { number: 2 },
    })
    expect(await life.delivery(deliveryId)).toMatchObject({
      state: 'succeeded',
      attempt_count: 2,
      retry_requested_at: null,
    })
  })

  test('rule 4: before the first attempt a retry is absorbed', async () => {
    const { deliveryId } = await deliveryTo()
    await life.commands.retry(life.workspaceId, deliveryId, { force: false })
    expect((await life.delivery(deliveryId))['retry_requested_at']).toBeNull()
  })

  test('rule 4: a request is withdrawn when the webhook was disabled before it was served', async () => {
    receiver.status = 500
    const { webhookId, deliveryId } = await deliveryTo({ schedule: '1s' })
    await life.attempt({ deliveryId, reason: start, token: 'run/1' })
    await life.attempt({ deliveryId, reason: due, token: 'run/2' })
    await life.commands.retry(life.workspaceId, deliveryId, { force: false })
    const requestedAt = ((await life.delivery(deliveryId))['retry_requested_at'] as Date).toISOString()
    await life.database.sql.query('update webhook set enabled = false where id = $1', [webhookId])
    expect(
      await life.attempt({ deliveryId, reason: { kind: 'manual', requestedAt }, token: 'run/3' }),
    ).toEqual({ kind: 'nothing' })
    expect(await life.delivery(deliveryId)).toMatchObject({
      state: 'failed',
      retry_requested_at: null,
      dispatch_at: null,
    })
    await expect(life.commands.retry(life.workspaceId, deliveryId, { force: false })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  test('rule 6: one whose maker died is recorded as interrupted and uses up no step', async () => {
    const { deliveryId } = await deliveryTo()
    const token = 'run/1'
    await life.database.sql.query(
      `update webhook_delivery set in_flight_number = 1, in_flight_token = $2, in_flight_trigger = 'schedule',
         in_flight_since = now() - interval '1 second', in_flight_until = now() + interval '30 seconds' where id = $1`,
      [deliveryId, token],
    )
    await expect(life.attempt({ deliveryId, reason: start, token: 'other/1' })).rejects.toMatchObject({
      name: 'Deferred',
      reason: 'in_flight',
    })
    expect(await life.attempt({ deliveryId, reason: start, token })).toMatchObject({
      kind: 'settled',
      state: 'succeeded',
    })
    expect(await life.attemptsOf(deliveryId)).toMatchObject([
      { number: 1, failure: 'interrupted', status_code: null },
      { number: 2, failure: null, status_code: 200 },
    ])
    expect(await life.delivery(deliveryId)).toMatchObject({ attempt_count: 2, steps_used: 1 })
    expect(receiver.received[0]?.headers['x-webhook-attempt']).toBe('2')
  })

  test('rule 5: cancelling again is the same, and a succeeded delivery cannot be cancelled', async () => {
    const { deliveryId } = await deliveryTo()
    await life.commands.cancel(life.workspaceId, deliveryId)
    await life.commands.cancel(life.workspaceId, deliveryId)
    expect(await life.delivery(deliveryId)).toMatchObject({ state: 'cancelled' })
    const other = await deliveryTo()
    await life.attempt({ deliveryId: other.deliveryId, reason: start, token: 'run/1' })
    await expect(life.commands.cancel(life.workspaceId, other.deliveryId)).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  test('that cannot be recorded is told to the workflow, and recorded later without a second POST', async () => {
    const { deliveryId } = await deliveryTo()
    const { createAttemptDelivery } = await import('../../../src/usecases/attempt-delivery.ts')
    const attempt = createAttemptDelivery({ ...life.attemptDeps, record: () => Promise.resolve(undefined) })
    const result = await attempt({ deliveryId, reason: start, token: 'run/1' })
    if (result.kind !== 'unrecorded') throw new Error(`unexpected ${result.kind}`)
    const recorded = await life.recorder.recordFacts({ deliveryId, token: 'run/1', attempt: result.attempt })
    expect(recorded).toMatchObject({ kind: 'settled', state: 'succeeded' })
    expect(
      await life.recorder.recordFacts({ deliveryId, token: 'run/1', attempt: result.attempt }),
    ).toMatchObject({ state: 'succeeded' })
    expect(await life.attemptsOf(deliveryId)).toHaveLength(1)
    expect(receiver.received).toHaveLength(1)
  })
})
