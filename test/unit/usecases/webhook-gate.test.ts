import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import {
  type GateAnswer,
  type GateOutcome,
  type GatePass,
  type GateRequest,
  WebhookGate,
} from '../../../src/usecases/webhook-gate.ts'

const ACCEPTED: GateOutcome = { isFailure: false, statusCode: 200, retryAfterMs: null }
const REFUSED: GateOutcome = { isFailure: true, statusCode: 500, retryAfterMs: null }

function request(change: Partial<GateRequest> = {}): GateRequest {
  return { webhookId: 'w', deliveryId: 'd', concurrency: 2, isManual: false, ...change }
}

function passOf(answer: GateAnswer): GatePass {
  if (answer.kind !== 'enter') throw new Error(`Deferred: ${answer.reason}`)
  return answer.pass
}

/** Fails so many deliveries of a webhook, one after the other. */
function failMany(gate: WebhookGate, count: number): void {
  for (let number = 0; number < count; number += 1)
    passOf(gate.tryEnter(request({ deliveryId: `failed ${number}` }))).leave(REFUSED)
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a gate', () => {
  test('lets in as many as the cap allows and defers the next one', () => {
    const gate = new WebhookGate()
    const passes = [gate.tryEnter(request()), gate.tryEnter(request())].map(passOf)
    expect(gate.tryEnter(request())).toMatchObject({ kind: 'defer', reason: 'cap' })
    expect(gate.tryEnter(request({ webhookId: 'another' })).kind).toBe('enter')
    passes[0]?.leave(ACCEPTED)
    expect(gate.tryEnter(request()).kind).toBe('enter')
    expect(gate.inFlight).toBe(3)
  })

  test('takes a place back once, however often it is given back', () => {
    const gate = new WebhookGate()
    const pass = passOf(gate.tryEnter(request()))
    pass.leave(ACCEPTED)
    pass.leave(ACCEPTED)
    expect(gate.inFlight).toBe(0)
  })

  test('lets a few wait for a place and gives it to the first of them', async () => {
    const gate = new WebhookGate()
    const passes = [gate.tryEnter(request()), gate.tryEnter(request())].map(passOf)
    const order: string[] = []
    const waiting = ['first', 'second'].map(async (deliveryId) => {
      const answer = await gate.enter(request({ deliveryId }))
      order.push(`${deliveryId} ${answer.kind}`)
    })
    expect((await gate.enter(request({ deliveryId: 'third' }))).kind).toBe('defer')
    passes[0]?.leave(ACCEPTED)
    await waiting[0]
    expect(order).toEqual(['first enter'])
    await vi.advanceTimersByTimeAsync(500)
    await waiting[1]
    expect(order).toEqual(['first enter', 'second defer'])
  })

  test('lets nobody wait for an endpoint that hangs', async () => {
    const gate = new WebhookGate()
    gate.tryEnter(request())
    gate.tryEnter(request())
    vi.advanceTimersByTime(1_001)
    expect((await gate.enter(request())).kind).toBe('defer')
  })

  test('an attempt that was not made teaches it nothing', () => {
    const gate = new WebhookGate()
    for (let number = 0; number < 20; number += 1)
      passOf(gate.tryEnter(request({ deliveryId: `d${number}` }))).leave(null)
    expect(gate.tryEnter(request()).kind).toBe('enter')
    expect(gate.isQuick('w')).toBe(false)
  })

  test('tells of the breaker when it opens and when it closes, and lets in one at a time between', () => {
    const changes: string[] = []
    const gate = new WebhookGate({ onBreaker: (webhookId, change) => changes.push(`${webhookId} ${change}`) })
    failMany(gate, 10)
    const probe = passOf(gate.tryEnter(request()))
    expect(gate.tryEnter(request())).toMatchObject({ kind: 'defer', reason: 'breaker' })
    probe.leave(ACCEPTED)
    expect(changes).toEqual(['w opened', 'w closed'])
    expect([gate.tryEnter(request()).kind, gate.tryEnter(request()).kind]).toEqual(['enter', 'enter'])
  })

  test('those who wait when a pause begins are deferred by it', async () => {
    const gate = new WebhookGate()
    const passes = [gate.tryEnter(request()), gate.tryEnter(request())].map(passOf)
    const waiting = gate.enter(request({ deliveryId: 'waiting' }))
    passes[0]?.leave({ isFailure: true, statusCode: 503, retryAfterMs: 60_000 })
    const answer = await waiting
    expect(answer).toMatchObject({ kind: 'defer', reason: 'retry_after' })
    expect(answer.kind === 'defer' && answer.retryInMs).toBeGreaterThanOrEqual(60_000)
  })

  test('knows a quick webhook by what it accepted, and forgets it with the first failure', () => {
    const gate = new WebhookGate()
    expect(gate.isQuick('w')).toBe(false)
    passOf(gate.tryEnter(request())).leave(ACCEPTED)
    expect(gate.isQuick('w')).toBe(true)
    passOf(gate.tryEnter(request())).leave(REFUSED)
    expect(gate.isQuick('w')).toBe(false)
  })
})

describe('a hundred webhooks that hang', () => {
  const EIGHT = { concurrency: 8 }

  test('leave places for one that answers, also when all of them begin at once', () => {
    const gate = new WebhookGate()
    passOf(gate.tryEnter(request({ webhookId: 'healthy', ...EIGHT }))).leave(ACCEPTED)
    for (let number = 0; number < 8; number += 1)
      for (let hanging = 0; hanging < 100; hanging += 1)
        gate.tryEnter(request({ webhookId: `hanging ${hanging}`, ...EIGHT }))
    expect(gate.inFlight).toBeLessThanOrEqual(480)
    for (let number = 0; number < 8; number += 1)
      expect(gate.tryEnter(request({ webhookId: 'healthy', ...EIGHT })).kind).toBe('enter')
    expect(gate.tryEnter(request({ webhookId: 'new', ...EIGHT })).kind).toBe('enter')
  })

  test('hold no more than the process can do without, also while others wait at the gate', () => {
    const gate = new WebhookGate()
    for (let number = 0; number < 20; number += 1)
      for (let hanging = 0; hanging < 100; hanging += 1) {
        void gate.enter(request({ webhookId: `hanging ${hanging}`, ...EIGHT }))
      }
    expect(gate.inFlight).toBeLessThanOrEqual(480)
  })

  test('get no place as long as the process is brimming, and a few when it is not', () => {
    const gate = new WebhookGate({ fullAt: 4, brimmingAt: 6 })
    const first = Array.from({ length: 4 }, () =>
      passOf(gate.tryEnter(request({ webhookId: 'a', ...EIGHT }))),
    )
    vi.advanceTimersByTime(1_001)
    expect(gate.tryEnter(request({ webhookId: 'a', ...EIGHT }))).toMatchObject({ reason: 'cap' })
    for (const webhookId of ['b', 'c']) passOf(gate.tryEnter(request({ webhookId, ...EIGHT })))
    vi.advanceTimersByTime(1_001)
    expect(gate.tryEnter(request({ webhookId: 'b', ...EIGHT }))).toMatchObject({ reason: 'overload' })
    first[0]?.leave(REFUSED)
    expect(gate.tryEnter(request({ webhookId: 'b', ...EIGHT })).kind).toBe('enter')
  })
})

describe('room', () => {
  test('is small for who has accepted nothing, large for who is quick, small again for who begins to hang', () => {
    const gate = new WebhookGate()
    expect(gate.roomWithin('w', 8, 10_000)).toBe(32)
    passOf(gate.tryEnter(request({ concurrency: 8 }))).leave(ACCEPTED)
    expect(gate.roomWithin('w', 8, 10_000)).toBe(2_000)
    passOf(gate.tryEnter(request({ concurrency: 8 })))
    vi.advanceTimersByTime(20_000)
    expect(gate.roomWithin('w', 8, 10_000)).toBe(4)
  })
})

test('whatever happens, no webhook has more in flight than its cap, and every waiting one is answered', async () => {
  const steps = fc.array(
    fc.record({
      webhook: fc.integer({ min: 0, max: 2 }),
      delivery: fc.integer({ min: 0, max: 30 }),
      isManual: fc.boolean(),
      leaves: fc.option(fc.constantFrom(200, 500, 429)),
      passesMs: fc.integer({ min: 0, max: 700 }),
    }),
    { maxLength: 60 },
  )
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (moves, concurrency) => {
      const gate = new WebhookGate({ fullAt: 5, brimmingAt: 7, random: () => 0.5 })
      const inside = new Map<string, GatePass[]>()
      const answered: Promise<void>[] = []
      for (const { webhook, delivery, isManual, leaves, passesMs } of moves) {
        const webhookId = `w${webhook}`
        const own = inside.get(webhookId) ?? []
        inside.set(webhookId, own)
        const asked = gate.enter({ webhookId, deliveryId: `d${delivery}`, concurrency, isManual })
        answered.push(
          asked.then((answer) => {
            if (answer.kind === 'enter') own.push(answer.pass)
            else expect(answer.retryInMs).toBeGreaterThan(0)
          }),
        )
        await vi.advanceTimersByTimeAsync(passesMs)
        if (leaves !== null)
          own.shift()?.leave({
            isFailure: leaves !== 200,
            statusCode: leaves,
            retryAfterMs: leaves === 429 ? 100 : null,
          })
        await vi.advanceTimersByTimeAsync(0)
        for (const passes of inside.values()) expect(passes.length).toBeLessThanOrEqual(concurrency)
      }
      await vi.advanceTimersByTimeAsync(500)
      await Promise.all(answered)
      expect(gate.inFlight).toBe([...inside.values()].flat().length)
    }),
    { numRuns: 100 },
  )
})
