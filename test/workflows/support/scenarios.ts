import type { temporal } from '@temporalio/proto'

import { Deferred } from '../../../src/domain/deferred.ts'
import { retryNow } from '../../../workflows/contract.ts'
import { type DeliverHandle, type DeliveryLab, historyOf, timersIn, until } from './delivery-lab.ts'

/** Every way a delivery's run can go, each brought about on a server. The names are those of the recorded histories. */
export const SCENARIOS: Record<string, (lab: DeliveryLab) => Promise<DeliverHandle>> = {
  'succeeded-at-once': async (lab) => {
    const { delivery, handle } = lab.add()
    await lab.starter.start([delivery])
    return ended(handle, 'succeeded')
  },
  'succeeded-at-once-quick': async (lab) => {
    const { delivery, handle } = lab.add({}, { quick: true })
    await lab.starter.start([delivery])
    return ended(handle, 'succeeded')
  },
  'quick-but-deferred': async (lab) => {
    let turns = 0
    const post = (): number => {
      turns += 1
      if (turns === 1) throw new Deferred('cap', 50)
      return 200
    }
    const { delivery, handle } = lab.add({ post }, { quick: true })
    await lab.starter.start([delivery])
    return ended(handle, 'succeeded')
  },
  retried: async (lab) => {
    const { delivery, handle } = lab.add({ post: (number) => (number < 3 ? 503 : 200) })
    await lab.starter.start([delivery])
    return ended(handle, 'succeeded')
  },
  'started-late': async (lab) => {
    const { delivery, handle } = lab.add({ stepsUsed: 1, nextAttemptAt: new Date(Date.now() + 1_000) })
    await lab.starter.start([{ ...delivery, attemptsMade: 1 }])
    return ended(handle, 'succeeded')
  },
  'asleep-at-the-start': async (lab) => {
    const { delivery, handle } = lab.add({ stepsUsed: 1, nextAttemptAt: new Date(Date.now() + 1_000) })
    const waiting = { dueAtMs: Date.now() + 1_000, stepsUsed: 1, steps: 3 }
    await lab.starter.start([{ ...delivery, attemptsMade: 1, waiting }])
    return ended(handle, 'succeeded')
  },
  exhausted: async (lab) => {
    const { row, delivery, handle } = lab.add({ post: () => 500 })
    await lab.starter.start([delivery])
    await until(() => row.state === 'failed')
    return ended(handle, 'failed')
  },
  // The same path since its last look at the row is local; `exhausted` was recorded before that change.
  'exhausted-looked-locally': async (lab) => {
    const { delivery, handle } = lab.add({ post: () => 500 })
    await lab.starter.start([delivery])
    return ended(handle, 'failed')
  },
  'retried-by-hand': async (lab) => {
    const { row, delivery, handle } = lab.add({ post: (number) => (number === 5 ? 200 : 500) })
    await lab.starter.start([delivery])
    await sleeping(handle, 1)
    await handle.signal(retryNow)
    await until(() => row.state === 'failed')
    await sleeping(handle, 4)
    row.retryRequestedAt = new Date()
    await lab.starter.signalRetry(delivery, row.retryRequestedAt)
    return ended(handle, 'succeeded')
  },
  'retried-by-hand-while-deferred': async (lab) => {
    const { row, delivery, handle } = lab.add({
      post: (number, { reason }) => {
        if (number > 1 && reason.kind !== 'manual') throw new Deferred('breaker', 3_600_000)
        return number === 1 ? 500 : 200
      },
    })
    await lab.starter.start([delivery])
    await until(() => row.calls.length === 2)
    await handle.signal(retryNow)
    return ended(handle, 'succeeded')
  },
  'retried-by-hand-after-closing': async (lab) => {
    const { row, delivery, handle } = lab.add({ state: 'failed', retryRequestedAt: new Date() })
    await lab.starter.signalRetry(delivery, row.retryRequestedAt ?? new Date())
    return ended(handle, 'succeeded')
  },
  'cancelled-by-signal': async (lab) => {
    const { delivery, handle } = lab.add({ schedule: ['1h'], post: () => 500 })
    await lab.starter.start([delivery])
    await sleeping(handle, 1)
    await lab.starter.signalCancel(delivery.deliveryId)
    return ended(handle, 'cancelled')
  },
  'cancelled-during-an-attempt': async (lab) => {
    const answer = Promise.withResolvers<number>()
    const { row, delivery, handle } = lab.add({ post: () => answer.promise })
    await lab.starter.start([delivery])
    await until(() => row.calls.length === 1)
    await handle.cancel()
    answer.resolve(500)
    return ended(handle, 'cancelled')
  },
  held: async (lab) => {
    const { row, delivery, handle } = lab.add({ post: () => 500 })
    await lab.starter.start([delivery])
    await until(() => row.attempts.length === 1)
    row.isWebhookEnabled = false
    return ended(handle, 'held')
  },
  'recorded-late': async (lab) => {
    const { delivery, handle } = lab.add({ losesRecord: true })
    await lab.starter.start([delivery])
    return ended(handle, 'succeeded')
  },
}

type History = temporal.api.history.v1.IHistory

/** The lab for recording: an exhausted run closes after a second instead of seven days. */
export const RECORDING_LAB = { retrySignalWaitMs: 2_000 }

export async function recordScenario(
  lab: DeliveryLab,
  scenario: (lab: DeliveryLab) => Promise<DeliverHandle>,
): Promise<History> {
  return (await scenario(lab)).fetchHistory()
}

async function ended(handle: DeliverHandle, state: string): Promise<DeliverHandle> {
  const result = await handle.result()
  if (result !== state) throw new Error(`The run ended as ${result} instead of ${state}`)
  return handle
}

async function sleeping(handle: DeliverHandle, timers: number): Promise<void> {
  await until(async () => timersIn(await historyOf(handle)).length === timers)
}
