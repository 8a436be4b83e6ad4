import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { EVENT_TYPES } from '../../../src/domain/event-types.ts'
import { startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let webhookId: string

beforeAll(async () => {
  api = await startTestApi()
  const body = { url: 'http://127.0.0.1:9/', events: ['task.*'], schedule: ['1m', '2m'] }
  webhookId = String((await api.call('POST', '/api/v1/webhooks', { body })).body['id'])
})
afterAll(() => api[Symbol.asyncDispose]())

async function publish(changes: Record<string, unknown> = {}): Promise<string> {
  const answer = await api.call('POST', '/api/v1/events', {
    body: { type: 'task.created', data: { a: 1 }, ...changes },
  })
  expect(answer.status).toBe(202)
  return String(answer.body['id'])
}

async function publishDelivery(): Promise<string> {
  const { body } = await api.call('GET', `/api/v1/events/${await publish()}`)
  const [delivery] = body['deliveries'] as { id: string }[]
  return delivery?.id ?? ''
}

async function setState(id: string, state: string): Promise<void> {
  await api.database.sql.query('update webhook_delivery set state = $2 where id = $1', [id, state])
}

describe('an event', () => {
  it('is shown as it was published, with its deliveries', async () => {
    const id = await publish({ workflowId: 'wf-7', timestamp: '2026-02-03T04:05:06+02:00' })
    const { body } = await api.call('GET', `/api/v1/events/${id}`)
    expect(body).toMatchObject({
      id,
      type: 'task.created',
      workflowId: 'wf-7',
      timestamp: '2026-02-03T02:05:06.000Z',
      data: { a: 1 },
      deliveries: [{ webhookId, state: 'pending' }],
    })
    const list = await api.call('GET', '/api/v1/events?limit=1')
    expect((list.body['data'] as unknown[])[0]).toEqual(body)
  })

  it('that nobody subscribed to is stored all the same', async () => {
    const answer = await api.call('POST', '/api/v1/events', { body: { type: 'phase.completed', data: {} } })
    expect(answer.body['deliveries']).toBe(0)
    const list = await api.call('GET', '/api/v1/events?eventType=phase.completed')
    expect((list.body['data'] as { id: string }[]).map(({ id }) => id)).toEqual([answer.body['id']])
  })

  it('comes in batches of one to a thousand, all or nothing, in order', async () => {
    const event = (index: number) => ({ type: 'task.created', data: { index } })
    expect((await api.call('POST', '/api/v1/events/batch', { body: { events: [] } })).status).toBe(422)
    const many = Array.from({ length: 1_001 }, (_, index) => event(index))
    expect((await api.call('POST', '/api/v1/events/batch', { body: { events: many } })).status).toBe(422)
    const sent = await api.call('POST', '/api/v1/events/batch', { body: { events: many.slice(1) } })
    const results = sent.body['data'] as { id: string; deliveries: number }[]
    expect(results).toHaveLength(1_000)
    expect((await api.call('GET', `/api/v1/events/${results[499]?.id ?? ''}`)).body['data']).toEqual({
      index: 500,
    })
    const before = (await api.call('GET', '/api/v1/events?limit=1')).text
    const broken = await api.call('POST', '/api/v1/events/batch', {
      body: { events: [event(1), { ...event(2), type: 'task.exploded' }] },
    })
    expect(broken.status).toBe(422)
    expect(broken.body['errors']).toMatchObject([{ pointer: '/events/1/type' }])
    expect((await api.call('GET', '/api/v1/events?limit=1')).text).toBe(before)
  })

  it('is of a type of the catalogue', async () => {
    const { body } = await api.call('GET', '/api/v1/event-types')
    expect(body['data']).toEqual(EVENT_TYPES)
  })
})

describe('a delivery', () => {
  it('is shown with its attempts, and counts the steps of its webhook’s schedule', async () => {
    const id = await publishDelivery()
    await api.database.sql.query(
      `insert into delivery_attempt (delivery_id, number, workspace_id, trigger, started_at, status_code, response_time_ms,
         response_body, response_headers, request_headers, failure, first_byte_ms)
       values ($1, 2, $2, 'manual', now(), 503, 20, 'no', '{"content-type":"text/plain"}', '{"x-webhook-id":"x"}', 'status', 1.5),
         ($1, 1, $2, 'schedule', now(), null, null, null, null, null, 'timeout', null)`,
      [id, api.workspaceId],
    )
    const { body } = await api.call('GET', `/api/v1/deliveries/${id}`)
    expect(body).toMatchObject({
      id,
      webhookId,
      steps: 3,
      state: 'pending',
      temporalWorkflowId: `delivery-${id}`,
    })
    expect(body['attempts']).toMatchObject([
      { number: 1, failure: 'timeout', responseHeaders: null },
      {
        number: 2,
        trigger: 'manual',
        statusCode: 503,
        responseHeaders: { 'content-type': 'text/plain' },
        timings: { firstByteMs: 1.5 },
      },
    ])
  })

  it('is cancelled, again and again, unless it has succeeded', async () => {
    const id = await publishDelivery()
    for (let tries = 0; tries < 2; tries += 1) {
      const answer = await api.call('POST', `/api/v1/deliveries/${id}/cancel`)
      expect([answer.status, answer.body['state']]).toEqual([200, 'cancelled'])
    }
    await setState(id, 'succeeded')
    expect((await api.call('POST', `/api/v1/deliveries/${id}/cancel`)).status).toBe(409)
  })

  it('is retried by hand, and one that succeeded only by force', async () => {
    const id = await publishDelivery()
    await setState(id, 'failed')
    const retried = await api.call('POST', `/api/v1/deliveries/${id}/retry`)
    expect(retried.status).toBe(202)
    expect(retried.body['retryRequestedAt']).not.toBeNull()
    await setState(id, 'succeeded')
    expect((await api.call('POST', `/api/v1/deliveries/${id}/retry`, { body: {} })).status).toBe(409)
    expect((await api.call('POST', `/api/v1/deliveries/${id}/retry`, { body: { force: true } })).status).toBe(
      202,
    )
    expect(
      (await api.call('POST', `/api/v1/deliveries/${id}/retry`, { body: { force: 'yes' } })).status,
    ).toBe(422)
  })

  it('is found by webhook, state, type and time together', async () => {
    const id = await publishDelivery()
    await setState(id, 'held')
    const query = `webhookId=${webhookId}&state=held&eventType=task.created&from=2020-01-01T00:00:00Z&to=2999-01-01T00:00:00Z`
    const { body } = await api.call('GET', `/api/v1/deliveries?${query}`)
    expect((body['data'] as { id: string }[]).map((delivery) => delivery.id)).toEqual([id])
  })
})
