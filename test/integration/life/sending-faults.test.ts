import { afterAll, beforeAll, expect, test } from 'vitest'

import { SendingFault } from '../../../src/sending/sending-fault.ts'
import { createAttemptDelivery } from '../../../src/usecases/attempt-delivery.ts'
import { WebhookGate } from '../../../src/usecases/webhook-gate.ts'
import { createLife, type Life, startReceiver } from '../../support/life.ts'

let life: Life
let receiver: Awaited<ReturnType<typeof startReceiver>>

beforeAll(async () => {
  life = await createLife()
  receiver = await startReceiver()
})

afterAll(async () => {
  await life.close()
  await receiver.close()
})

test.each(['closed', 'overloaded', 'out_of_resources', 'invalid_request'] as const)(
  'a fault of the sender (%s) is thrown for the activity’s retry, is no attempt and nobody’s failure',
  async (code) => {
    const gate = new WebhookGate()
    const webhookId = await life.createWebhook(receiver.url, { schedule: '1s' })
    const [deliveryId = ''] = await life.publish()
    const call = { deliveryId, reason: { kind: 'due' } as const, token: `try ${code}` }
    const failing = createAttemptDelivery({
      ...life.attemptDeps,
      enterGate: (request) => gate.enter(request),
      send: () => Promise.reject(new SendingFault(code)),
    })
    for (let tries = 0; tries < 3; tries += 1)
      await expect(failing(call)).rejects.toBeInstanceOf(SendingFault)
    expect(await life.attemptsOf(deliveryId)).toEqual([])
    expect(await life.delivery(deliveryId)).toMatchObject({
      state: 'pending',
      attempt_count: 0,
      steps_used: 0,
      in_flight_number: null,
      last_failure: null,
    })
    expect(await life.webhook(webhookId)).toMatchObject({ failing_since: null, failed_at: null })
    expect(gate.inFlight).toBe(0)

    // The retry by Temporal, once our side is well: the first attempt of all.
    expect(await life.attempt(call)).toMatchObject({ kind: 'settled', state: 'succeeded' })
    expect(await life.attemptsOf(deliveryId)).toMatchObject([{ number: 1, failure: null }])
    await life.database.sql.query('update webhook set deleted_at = now() where id = $1', [webhookId])
  },
)
