import { randomUUID } from 'node:crypto'

import { describe, expect, test, vi } from 'vitest'

import type { AttemptRecord } from '../../../src/db/attempts.ts'
import type { Sql } from '../../../src/db/database.ts'
import type { LeasedDelivery } from '../../../src/db/first-attempts.ts'
import { DirectLane } from '../../../src/dispatch/direct-lane.ts'
import type { Exchange, SendRequest } from '../../../src/sending/sender.ts'
import { SendingFault } from '../../../src/sending/sending-fault.ts'
import { createSigningKey } from '../../../src/sending/signature.ts'
import type { Target } from '../../../src/usecases/target-cache.ts'
import { WebhookGate } from '../../../src/usecases/webhook-gate.ts'

const LEASE_MS = 45_000

function leased(webhookId: string): LeasedDelivery {
  const [id, eventId] = [randomUUID(), randomUUID()]
  const event = { eventId, eventType: 'task.created', workflowId: null, timestamp: new Date(), payload: '{}' }
  return { id, workspaceId: 'ws', webhookId, webhookVersion: 1, number: 1, ...event }
}

function target(webhookId: string, change: Partial<Target> = {}): Target {
  return {
    webhookId,
    workspaceId: 'ws',
    version: 1,
    url: `https://hooks.acme.com/${webhookId}`,
    headers: {},
    timeoutMs: 1_000,
    concurrency: 2,
    schedule: 'standard',
    enabled: true,
    isDeleted: false,
    signingKeysAt: () => [createSigningKey('a secret of the tests')],
    confidentialTexts: () => [],
    ...change,
  }
}

function accepted(): Exchange {
  return {
    startedAt: new Date(),
    endedAt: new Date(),
    responseTimeMs: 1,
    outcome: { kind: 'accepted', statusCode: 200 },
    statusCode: 200,
    responseHeaders: {},
    responseBody: '',
    responseBodyTruncated: false,
    remoteAddress: '203.0.113.1',
    timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: 1 },
  }
}

interface LabOptions {
  send?: (request: SendRequest) => Promise<Exchange>
  webhook?: Partial<Target>
  /** Whether the row still says that the lease is ours. */
  isLeaseOurs?: boolean
}

/** A lane whose rows are watched: what was posted, recorded, given back, renewed, settled. */
function lab({
  send = () => Promise.resolve(accepted()),
  webhook = {},
  isLeaseOurs = true,
}: LabOptions = {}) {
  const posted: string[] = []
  const recorded: AttemptRecord[] = []
  const givenBack: { id: string; retryInMs: number; isDeferred: boolean }[] = []
  const settled: string[] = []
  const faults: unknown[] = []
  const seen = { renewals: 0 }
  const query = (text: string, values: readonly unknown[]): Promise<unknown[]> => {
    if (text.includes('returning id')) {
      seen.renewals += 1
      return Promise.resolve(isLeaseOurs ? [{ id: values[0] }] : [])
    }
    const [ids, waits, deferred] = values as [string[], number[], boolean[]]
    for (const [index, id] of ids.entries())
      givenBack.push({ id, retryInMs: waits[index] ?? -1, isDeferred: deferred[index] ?? false })
    return Promise.resolve([])
  }
  const gate = new WebhookGate({ onRoom: (webhookId) => lane.wake(webhookId) })
  const lane: DirectLane = new DirectLane({
    sql: { query } as unknown as Sql,
    token: 'mine',
    gate,
    send: (request) => {
      posted.push(request.headers['x-webhook-id'] ?? '')
      return send(request)
    },
    loadTargets: (versions) =>
      Promise.resolve(new Map([...versions.keys()].map((id) => [id, target(id, webhook)]))),
    settleWithout: (id) => Promise.resolve(void settled.push(id)),
    record: (_delivery, _target, record) => Promise.resolve(void recorded.push(record)),
    logFault: (_message, error) => faults.push(error),
  })
  return { lane, gate, posted, recorded, givenBack, settled, faults, seen }
}

describe('the direct lane', () => {
  test('posts what it took on and records what it met', async () => {
    const { lane, posted, recorded, givenBack } = lab()
    const delivery = leased('w')
    lane.take([delivery], performance.now())
    await vi.waitFor(() => expect(recorded).toHaveLength(1))
    await lane.stop()
    expect(posted).toEqual([delivery.id])
    expect(recorded).toMatchObject([{ number: 1, trigger: 'schedule', statusCode: 200, failure: null }])
    expect(givenBack).toEqual([])
  })

  test.each(['closed', 'overloaded', 'out_of_resources', 'invalid_request'] as const)(
    'holds a fault of the sender (%s) against nobody: no attempt, and the delivery is given back',
    async (code) => {
      const { lane, gate, recorded, givenBack, faults } = lab({
        send: () => Promise.reject(new SendingFault(code)),
      })
      for (let number = 0; number < 12; number += 1) {
        lane.take([leased('w')], performance.now())
        await vi.waitFor(() => expect(givenBack).toHaveLength(number + 1))
      }
      await lane.stop()
      expect(recorded).toEqual([])
      expect(givenBack[0]).toMatchObject({ retryInMs: 1_000, isDeferred: false })
      expect(faults[0]).toBeInstanceOf(SendingFault)
      expect(gate.inFlight).toBe(0)
      // Twelve in a row would have opened the breaker.
      const request = { webhookId: 'w', concurrency: 2, isManual: false }
      expect(gate.tryEnter({ ...request, deliveryId: 'a' }).kind).toBe('enter')
      expect(gate.tryEnter({ ...request, deliveryId: 'b' }).kind).toBe('enter')
    },
  )

  test('posts nothing under a lease that may have run out, unless it is renewed', async () => {
    const longAgo = performance.now() - LEASE_MS
    const lost = lab({ isLeaseOurs: false })
    lost.lane.take([leased('w')], longAgo)
    await vi.waitFor(() => expect(lost.givenBack).toHaveLength(1))
    expect(lost.posted).toEqual([])
    const renewed = lab()
    renewed.lane.take([leased('w')], longAgo)
    await vi.waitFor(() => expect(renewed.recorded).toHaveLength(1))
    expect(renewed.seen.renewals).toBe(1)
    await Promise.all([lost.lane.stop(), renewed.lane.stop()])
  })

  test.each([{ enabled: false }, { isDeleted: true }])(
    'posts nothing for a webhook that is %j',
    async (webhook) => {
      const { lane, posted, settled } = lab({ webhook })
      const delivery = leased('w')
      lane.take([delivery], performance.now())
      await vi.waitFor(() => expect(settled).toEqual([delivery.id]))
      await lane.stop()
      expect(posted).toEqual([])
    },
  )

  test('never posts more than the cap to one webhook, and a webhook that hangs stops no other', async () => {
    const ending = Promise.withResolvers<Exchange>()
    const { lane, posted, recorded } = lab({
      send: ({ url }) => (url.endsWith('hanging') ? ending.promise : Promise.resolve(accepted())),
    })
    const hanging = Array.from({ length: 6 }, () => leased('hanging'))
    const quick = Array.from({ length: 8 }, () => leased('quick'))
    lane.take([...hanging, ...quick], performance.now())
    await vi.waitFor(() => expect(recorded.length).toBe(8))
    expect(posted.filter((id) => hanging.some((delivery) => delivery.id === id))).toHaveLength(2)
    ending.resolve(accepted())
    await vi.waitFor(() => expect(recorded.length).toBe(14))
    await lane.stop()
  })

  test('gives back at once what is queued when it stops, and takes on nothing more', async () => {
    const ending = Promise.withResolvers<Exchange>()
    const { lane, recorded, givenBack } = lab({ send: () => ending.promise })
    const room = lane.capacity
    lane.take(
      Array.from({ length: 5 }, () => leased('w')),
      performance.now(),
    )
    await vi.waitFor(() => expect(lane.capacity).toBe(room - 3))
    const stopped = lane.stop()
    expect(lane.capacity).toBe(0)
    await vi.waitFor(() => expect(givenBack).toHaveLength(3))
    ending.resolve(accepted())
    await stopped
    expect(recorded).toHaveLength(2)
    expect(givenBack.every(({ retryInMs }) => retryInMs === 0)).toBe(true)
  })
})
