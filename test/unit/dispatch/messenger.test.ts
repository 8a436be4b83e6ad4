import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createMessenger, type MessengerDeps } from '../../../src/dispatch/messenger.ts'
import type { DeliveryAddress } from '../../../src/usecases/ports.ts'

function address(deliveryId: string): DeliveryAddress {
  return { deliveryId, workspaceId: 'ws', webhookId: 'w', eventType: 'task.created', attemptsMade: 0 }
}

const many = (count: number) => Array.from({ length: count }, (_, number) => address(`d${number}`))

/** A messenger to a Temporal that answers when it is told to. */
function lab({
  waitMsMax = null,
  inFlightMax = 200,
  patientMax = 200,
  isQuick = () => false,
}: Partial<Pick<MessengerDeps, 'waitMsMax' | 'inFlightMax' | 'patientMax' | 'isQuick'>> = {}) {
  const sent: string[] = []
  const faults: unknown[] = []
  let answer = (): Promise<unknown> => Promise.resolve()
  const send = async (text: string): Promise<void> => {
    sent.push(text)
    await answer()
  }
  const messenger = createMessenger({
    targets: {
      start: async (deliveries) => {
        await send(`start ${deliveries.length}`)
        return []
      },
      retry: ({ deliveryId }, requestedAt) => send(`retry ${deliveryId} ${requestedAt}`),
      cancel: (deliveryId) => send(`cancel ${deliveryId}`),
    },
    inFlightMax,
    patientMax,
    isQuick,
    giveBack: (ids) => send(`give back ${ids.join(' ')}`),
    waitMsMax,
    logFault: (_message, error) => faults.push(error),
  })
  return { messenger, sent, faults, answerWith: (next: () => Promise<unknown>) => (answer = next) }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('messages', () => {
  test('are sent as they were meant, and nothing for nothing', async () => {
    const { messenger, sent } = lab()
    messenger.start(address('a'))
    messenger.startMany(many(3))
    messenger.startMany([])
    messenger.retry(address('a'), '2026-01-01T00:00:00.000Z')
    messenger.cancel('a')
    await messenger.settled()
    expect(sent).toEqual(['start 1', 'start 3', 'retry a 2026-01-01T00:00:00.000Z', 'cancel a'])
  })

  test('beyond what may be under way are left to the dispatchers', async () => {
    const { messenger, sent, answerWith } = lab({ inFlightMax: 3 })
    const gate = Promise.withResolvers<undefined>()
    answerWith(() => gate.promise)
    messenger.startMany(many(2))
    messenger.startMany(many(2))
    expect(messenger.capacity()).toBe(1)
    gate.resolve(undefined)
    await messenger.settled()
    expect(sent).toEqual(['start 2'])
    expect(messenger.capacity()).toBe(3)
  })

  test('to webhooks that answer fast are never kept back by the others, of which only some are under way', async () => {
    const { messenger, sent, answerWith } = lab({
      patientMax: 2,
      isQuick: (webhookId) => webhookId === 'fast',
    })
    const gate = Promise.withResolvers<undefined>()
    answerWith(() => gate.promise)
    messenger.startMany([...many(3), { ...address('q'), webhookId: 'fast' }])
    messenger.startMany(many(1))
    messenger.startMany([{ ...address('q'), webhookId: 'fast' }])
    gate.resolve(undefined)
    await messenger.settled()
    messenger.startMany(many(1))
    await messenger.settled()
    expect(sent).toEqual(['start 1', 'give back d2', 'start 2', 'give back d0', 'start 1', 'start 1'])
  })

  test('that fail are logged and throw nothing', async () => {
    const { messenger, faults, answerWith } = lab()
    answerWith(() => Promise.reject(new Error('away')))
    messenger.cancel('a')
    await messenger.settled()
    expect(faults).toEqual([new Error('away')])
    expect(messenger.capacity()).toBe(200)
  })

  test('tell of a start that was not taken', async () => {
    const faults: unknown[] = []
    const messenger = createMessenger({
      targets: {
        start: () => Promise.resolve([{ deliveryId: 'a', cause: new Error('refused') }]),
        retry: () => Promise.resolve(),
        cancel: () => Promise.resolve(),
      },
      inFlightMax: 10,
      patientMax: 10,
      isQuick: () => false,
      giveBack: () => Promise.resolve(),
      waitMsMax: null,
      logFault: (_message, error) => faults.push(error),
    })
    messenger.start(address('a'))
    await messenger.settled()
    expect(faults).toEqual([new Error('refused')])
  })
})

describe('the pace', () => {
  test('knows nothing of what could not be given back', async () => {
    const { messenger, faults, answerWith } = lab({ waitMsMax: 1_000, patientMax: 0, isQuick: () => false })
    answerWith(() => Promise.reject(new Error('away')))
    messenger.startMany(many(1))
    await messenger.settled()
    expect(faults).toEqual([new Error('away')])
    expect(messenger.capacity()).toBe(20)
  })

  test('begins with a few and follows what Temporal takes', async () => {
    const { messenger } = lab({ waitMsMax: 1_000, inFlightMax: 500 })
    expect(messenger.capacity()).toBe(20)
    for (let number = 0; number < 10; number += 1) messenger.startMany(many(10))
    await messenger.settled()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(messenger.capacity()).toBe(100)
  })

  test('counts over the time that really passed, and never falls below a few', async () => {
    const { messenger } = lab({ waitMsMax: 1_000, inFlightMax: 500 })
    messenger.startMany(many(100))
    await messenger.settled()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(messenger.capacity()).toBe(50)
    messenger.start(address('a'))
    await messenger.settled()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(messenger.capacity()).toBe(20)
  })

  test('takes what is under way off', () => {
    const { messenger, answerWith } = lab({ waitMsMax: 1_000 })
    answerWith(() => new Promise(() => undefined))
    messenger.startMany(many(15))
    expect(messenger.capacity()).toBe(5)
    messenger.startMany(many(15))
    expect(messenger.capacity()).toBe(0)
  })

  test('is nothing for some seconds after a failure, then a few again', async () => {
    const { messenger, answerWith } = lab({ waitMsMax: 1_000 })
    answerWith(() => Promise.reject(new Error('away')))
    messenger.start(address('a'))
    await messenger.settled()
    expect(messenger.capacity()).toBe(0)
    await vi.advanceTimersByTimeAsync(4_999)
    expect(messenger.capacity()).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(messenger.capacity()).toBe(20)
  })
})
