import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decideAttempt, type DeliveryPosition } from '../../../src/domain/attempt-decision.ts'
import type { AttemptReason } from '../../../src/domain/attempt-result.ts'
import { DELIVERY_STATES } from '../../../src/domain/delivery.ts'

const now = new Date('2026-01-01T12:00:00.000Z')
const at = (ms: number): Date => new Date(now.getTime() + ms)
const REQUESTED_AT = at(-5_000)
const TOKEN = 'mine'

const DUE: AttemptReason = { kind: 'due' }
const START: AttemptReason = { kind: 'start' }
const REQUESTED: AttemptReason = { kind: 'manual', requestedAt: REQUESTED_AT.toISOString() }
const BARE_SIGNAL: AttemptReason = { kind: 'manual', requestedAt: null }

function position(change: Partial<DeliveryPosition> = {}): DeliveryPosition {
  return {
    state: 'pending',
    trigger: 'schedule',
    attemptCount: 0,
    nextAttemptAt: null,
    retryRequestedAt: null,
    inFlight: null,
    isWebhookEnabled: true,
    isWebhookDeleted: false,
    now,
    ...change,
  }
}

const decide = (change: Partial<DeliveryPosition>, reason: AttemptReason = DUE) =>
  decideAttempt(position(change), reason, TOKEN)

describe('a pending delivery', () => {
  test('gets its next number', () => {
    const attempt = { kind: 'attempt', trigger: 'schedule', isAfterInterruption: false }
    expect(decide({}, START)).toEqual({ ...attempt, number: 1 })
    expect(decide({ attemptCount: 3 })).toEqual({ ...attempt, number: 4 })
    expect(decide({ trigger: 'replay' })).toMatchObject({ trigger: 'replay' })
  })

  test('whose run starts early waits for what is left', () => {
    expect(decide({ nextAttemptAt: at(1_500) }, START)).toEqual({ kind: 'wait', waitMs: 1_500 })
    expect(decide({ nextAttemptAt: at(0) }, START)).toMatchObject({ kind: 'attempt' })
    expect(decide({ nextAttemptAt: at(-1) }, START)).toMatchObject({ kind: 'attempt' })
  })

  test('is not refused for the clock’s sake when its timer has fired', () => {
    expect(decide({ nextAttemptAt: at(3_600_000) }, DUE)).toMatchObject({ kind: 'attempt' })
  })

  test('is held when its webhook is off, but not before it is due', () => {
    expect(decide({ isWebhookEnabled: false })).toEqual({ kind: 'hold' })
    expect(decide({ isWebhookEnabled: false, nextAttemptAt: at(10) }, START)).toEqual({
      kind: 'wait',
      waitMs: 10,
    })
  })

  test('is cancelled when its webhook is gone', () => {
    for (const reason of [START, DUE, REQUESTED, BARE_SIGNAL])
      expect(decide({ isWebhookDeleted: true, nextAttemptAt: at(10) }, reason)).toEqual({ kind: 'cancel' })
  })
})

describe('an attempt in flight', () => {
  const others = { token: 'another', until: at(5_000) }

  test('of somebody else is waited for, a second at most', () => {
    expect(decide({ inFlight: others })).toEqual({ kind: 'busy', retryInMs: 1_000 })
    expect(decide({ inFlight: { ...others, until: at(300) } })).toEqual({ kind: 'busy', retryInMs: 300 })
  })

  test('that ran out, or was ours, was cut off: it takes its number with it', () => {
    const after = { kind: 'attempt', number: 5, isAfterInterruption: true }
    expect(decide({ attemptCount: 3, inFlight: { ...others, until: now } })).toMatchObject(after)
    expect(decide({ attemptCount: 3, inFlight: { token: TOKEN, until: at(5_000) } })).toMatchObject(after)
  })
})

describe('a manual retry', () => {
  test.each(DELIVERY_STATES)('that was committed is made now in state %s', (state) => {
    const made = { kind: 'attempt', trigger: 'manual', number: 3 }
    const row = { state, attemptCount: 2, retryRequestedAt: REQUESTED_AT, nextAttemptAt: at(60_000) }
    expect(decide(row, REQUESTED)).toMatchObject(made)
    expect(decide(row, START)).toMatchObject(made)
    expect(decide(row, DUE)).toMatchObject(made)
  })

  test('that was served already is nothing', () => {
    expect(decide({ retryRequestedAt: null }, REQUESTED)).toEqual({ kind: 'nothing' })
    expect(decide({ retryRequestedAt: at(-1) }, REQUESTED)).toEqual({ kind: 'nothing' })
  })

  test('by an operator’s bare signal is made while there is something to retry', () => {
    expect(decide({ state: 'failed', attemptCount: 7 }, BARE_SIGNAL)).toMatchObject({
      trigger: 'manual',
      number: 8,
    })
    expect(decide({ state: 'pending', nextAttemptAt: at(60_000) }, BARE_SIGNAL)).toMatchObject({
      trigger: 'manual',
    })
    for (const state of ['succeeded', 'cancelled', 'held'] as const)
      expect(decide({ state }, BARE_SIGNAL)).toEqual({ kind: 'nothing' })
  })

  test('that was committed is also served by an operator’s bare signal', () => {
    for (const state of DELIVERY_STATES)
      expect(decide({ state, retryRequestedAt: REQUESTED_AT }, BARE_SIGNAL)).toMatchObject({
        trigger: 'manual',
      })
  })

  test('is withdrawn when the webhook is off or gone', () => {
    for (const off of [{ isWebhookEnabled: false }, { isWebhookDeleted: true }])
      for (const reason of [REQUESTED, START, DUE])
        expect(decide({ state: 'failed', retryRequestedAt: REQUESTED_AT, ...off }, reason)).toEqual({
          kind: 'withdraw-request',
        })
    expect(decide({ isWebhookEnabled: false, retryRequestedAt: REQUESTED_AT }, REQUESTED)).toEqual({
      kind: 'withdraw-request',
    })
  })

  test('that cannot be made does not keep a due delivery from being held', () => {
    expect(decide({ isWebhookEnabled: false, retryRequestedAt: REQUESTED_AT }, DUE)).toEqual({ kind: 'hold' })
  })
})

test.each(DELIVERY_STATES.filter((state) => state !== 'pending'))(
  'nothing is made in state %s unasked',
  (state) => {
    expect(decide({ state })).toEqual({ kind: 'settled', state })
    expect(decide({ state, isWebhookDeleted: true }, START)).toEqual({ kind: 'settled', state })
  },
)

describe('over all combinations', () => {
  const instant = fc.option(fc.constantFrom(at(-5_000), REQUESTED_AT, at(-1), now, at(1), at(60_000)))
  const positions: fc.Arbitrary<DeliveryPosition> = fc.record({
    state: fc.constantFrom(...DELIVERY_STATES),
    trigger: fc.constantFrom('schedule', 'replay'),
    attemptCount: fc.integer({ min: 0, max: 30 }),
    nextAttemptAt: instant,
    retryRequestedAt: instant,
    inFlight: fc.option(
      fc.record({
        token: fc.constantFrom(TOKEN, 'another'),
        until: fc.constantFrom(at(-1), now, at(1), at(60_000)),
      }),
    ),
    isWebhookEnabled: fc.boolean(),
    isWebhookDeleted: fc.boolean(),
    now: fc.constant(now),
  })
  const reasons = fc.constantFrom(START, DUE, REQUESTED, BARE_SIGNAL)
  const always = { numRuns: 2_000 }

  test('no attempt is made for a webhook that is off or gone', () => {
    fc.assert(
      fc.property(positions, reasons, (row, reason) => {
        const isUsable = row.isWebhookEnabled && !row.isWebhookDeleted
        if (!isUsable) expect(decideAttempt(row, reason, TOKEN).kind).not.toBe('attempt')
      }),
      always,
    )
  })

  test('numbers are dense: the next one, or the one after an attempt that was cut off', () => {
    fc.assert(
      fc.property(positions, reasons, (row, reason) => {
        const decision = decideAttempt(row, reason, TOKEN)
        if (decision.kind !== 'attempt') return
        expect(decision.isAfterInterruption).toBe(row.inFlight !== null)
        expect(decision.number).toBe(row.attemptCount + (row.inFlight === null ? 1 : 2))
      }),
      always,
    )
  })

  test('what is settled is attempted again only when somebody asks for it', () => {
    fc.assert(
      fc.property(positions, reasons, (row, reason) => {
        if (row.state === 'pending' || row.retryRequestedAt !== null) return
        const decision = decideAttempt(row, reason, TOKEN)
        if (decision.kind === 'attempt') {
          expect(row.state).toBe('failed')
          expect(reason).toBe(BARE_SIGNAL)
          expect(decision.trigger).toBe('manual')
        }
      }),
      always,
    )
  })

  test('nobody makes an attempt beside another one, and every wait lies ahead', () => {
    fc.assert(
      fc.property(positions, reasons, (row, reason) => {
        const decision = decideAttempt(row, reason, TOKEN)
        const isTaken = row.inFlight !== null && row.inFlight.token !== TOKEN && row.inFlight.until > now
        expect(decision.kind === 'busy').toBe(isTaken)
        if (decision.kind === 'busy') expect(decision.retryInMs).toBeGreaterThan(0)
        if (decision.kind === 'wait') expect(decision.waitMs).toBeGreaterThan(0)
      }),
      always,
    )
  })

  test('an automatic attempt of a delivery that nobody asked about is the schedule’s or the replay’s own', () => {
    fc.assert(
      fc.property(positions, reasons, (row, reason) => {
        const decision = decideAttempt({ ...row, retryRequestedAt: null }, reason, TOKEN)
        if (decision.kind === 'attempt')
          expect(decision.trigger).toBe(reason.kind === 'manual' ? 'manual' : row.trigger)
      }),
      always,
    )
  })
})
