import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import { loadDeliveries } from '../../../src/db/attempts.ts'
import type { Sql } from '../../../src/db/database.ts'
import { claimDue, postponeBeginning } from '../../../src/db/dispatching.ts'
import { createAttemptDelivery } from '../../../src/usecases/attempt-delivery.ts'
import { createFreshDeliveries } from '../../../src/usecases/fresh-deliveries.ts'
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
  receiver.received.length = 0
  await life.database.sql.query('update webhook set deleted_at = now()')
})

const start = { kind: 'start' } as const

/** Attempts of a process that has made one to the webhook already, and what it reads from then on. */
async function processThatKnows(): Promise<{
  webhookId: string
  reads: string[]
  attempt: ReturnType<typeof createAttemptDelivery>
  acceptFreshly: () => Promise<string>
}> {
  const webhookId = await life.createWebhook(receiver.url)
  const fresh = createFreshDeliveries()
  const reads: string[] = []
  const sql: Sql = {
    query: (text, values, name) => {
      if (typeof name === 'object' && name.hot.startsWith('load')) reads.push(name.hot)
      return life.database.sql.query(text, values, name)
    },
  }
  const attempt = createAttemptDelivery({ ...life.attemptDeps, database: { sql }, fresh })
  const [firstId = ''] = await life.publish()
  await attempt({ deliveryId: firstId, reason: start, token: 'first' })
  reads.length = 0
  return {
    webhookId,
    reads,
    attempt,
    async acceptFreshly() {
      const [deliveryId = ''] = await life.publish()
      const [row] = await loadDeliveries(life.database.sql, [deliveryId])
      if (row === undefined) throw new Error('not accepted')
      const { version } = await life.webhook(webhookId)
      fresh.keep({ row, webhookVersion: Number(version) })
      return deliveryId
    },
  }
}

test('the first attempt of what was just accepted reads nothing and is recorded like any other', async () => {
  const { reads, attempt, acceptFreshly } = await processThatKnows()
  const deliveryId = await acceptFreshly()
  expect(await attempt({ deliveryId, reason: start, token: 'run/1' })).toMatchObject({ state: 'succeeded' })
  expect(reads).toEqual([])
  expect(await life.attemptsOf(deliveryId)).toMatchObject([{ number: 1, status_code: 200, failure: null }])
  expect(receiver.received).toHaveLength(2)
})

test('a webhook that was changed before the event was accepted is read anew', async () => {
  const { webhookId, reads, attempt, acceptFreshly } = await processThatKnows()
  await life.database.sql.query('update webhook set enabled = false, version = version + 1 where id = $1', [
    webhookId,
  ])
  await life.database.sql.query('update webhook set enabled = true, version = version + 1 where id = $1', [
    webhookId,
  ])
  const deliveryId = await acceptFreshly()
  expect(await attempt({ deliveryId, reason: start, token: 'run/1' })).toMatchObject({ state: 'succeeded' })
  expect(reads).toEqual(['load-deliveries', 'load_targets'])
})

test('a delivery that was cancelled meanwhile is not sent', async () => {
  const { attempt, acceptFreshly } = await processThatKnows()
  const deliveryId = await acceptFreshly()
  await life.commands.cancel(life.workspaceId, deliveryId)
  const call = { deliveryId, reason: start, token: 'run/1' }
  await expect(attempt(call)).rejects.toMatchObject({ reason: 'in_flight' })
  expect(await attempt(call)).toMatchObject({ kind: 'settled', state: 'cancelled' })
  expect(receiver.received).toHaveLength(1)
})

test('a delivery whose beginning is postponed shows it, and is due for a dispatcher after that only', async () => {
  await life.createWebhook(receiver.url)
  const [postponedId = ''] = await life.publish()
  const [dueId = ''] = await life.publish()
  await life.database.sql.query('update webhook_delivery set dispatch_at = now()')
  await postponeBeginning(life.database.sql, [{ deliveryId: postponedId, retryInMs: 60_000 }])
  expect((await claimDue(life.database.sql, 1_000)).map(({ id }) => id)).toContain(dueId)
  const { deferred_until: deferredUntil, dispatch_at: dispatchAt } = await life.delivery(postponedId)
  expect(dispatchAt).toEqual(deferredUntil)
  expect((dispatchAt as Date).getTime()).toBeGreaterThan(Date.now() + 50_000)
  expect(await life.delivery(postponedId)).toMatchObject({ state: 'pending', dispatch_tries: 0 })

  await life.commands.cancel(life.workspaceId, dueId)
  await postponeBeginning(life.database.sql, [{ deliveryId: dueId, retryInMs: 60_000 }])
  expect(await life.delivery(dueId)).toMatchObject({ state: 'cancelled', deferred_until: null })
})
