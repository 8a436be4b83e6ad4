import { randomUUID } from 'node:crypto'

import { expect, vi } from 'vitest'

import { deliverWorkflowId } from '../../src/domain/delivery.ts'
import type { deliver } from '../../workflows/deliver.ts'
import type { TestService } from './service.ts'

export interface AttemptAnswer {
  number: number
  trigger: string
  statusCode: number | null
  failure: string | null
  startedAt: string
}

export interface DeliveryAnswer {
  id: string
  webhookId: string
  state: string
  attemptCount: number
  stepsUsed: number
  steps: number
  nextAttemptAt: string | null
  deferredUntil: string | null
  retryRequestedAt: string | null
  lastFailure: string | null
  settledAt: string | null
  temporalWorkflowId: string
  attempts: AttemptAnswer[]
}

export interface AlertAnswer {
  id: string
  webhookId: string
  kind: string
  state: string
  count: number
  acknowledgedAt: string | null
  closedAt: string | null
  emailedAt: string | null
}

/** How patiently a test looks for what the service does by itself; a busy machine needs it. */
const WITHIN = { timeout: 60_000, interval: 100 }

/** Looks again until what is read is what is expected; works in tests that run at once, too. */
export async function eventually(read: () => unknown, expected: unknown): Promise<void> {
  await vi.waitFor(async () => {
    expect(await read()).toEqual(expected)
  }, WITHIN)
}

/** What a test needs of the service to follow deliveries; a tenant's is bound to its own workspace. */
export type Tenant = Pick<TestService, 'client' | 'request' | 'get' | 'post' | 'createWebhook' | 'publish'>

/** A workspace of its own, so that tests which run at once do not get each other's events. */
export async function createTenant(service: TestService): Promise<Tenant> {
  const { body } = await service.post<{ key: string }>('/workspaces', { name: randomUUID() })
  const request: TestService['request'] = (method, path, input, headers) =>
    service.request(method, path, input, { authorization: `Bearer ${body.key}`, ...headers })
  return {
    client: service.client,
    request,
    get: (path) => request('GET', path),
    post: (path, input, headers) => request('POST', path, input, headers),
    async createWebhook(members) {
      const answer = await request<Record<string, unknown> & { id: string; secret: string }>(
        'POST',
        '/webhooks',
        { events: ['*'], ...members },
      )
      if (answer.status !== 201) throw new Error(`No webhook: ${JSON.stringify(answer.body)}`)
      return answer.body
    },
    async publish(members = {}) {
      const event = { type: 'task.created', data: { a: 1 }, ...members }
      const answer = await request<{ id: string }>('POST', '/events', event)
      if (answer.status !== 202) throw new Error(`Not accepted: ${JSON.stringify(answer.body)}`)
      const { id } = answer.body
      const found = await request<{ deliveries: { id: string; webhookId: string }[] }>('GET', `/events/${id}`)
      return { eventId: id, deliveries: found.body.deliveries }
    },
  }
}

/** One delivery of the running service, as its API and its workflow show it. */
export function createPublishedDelivery(service: Tenant, webhookId: string, deliveryId: string) {
  const path = `/deliveries/${deliveryId}`
  const read = async (): Promise<DeliveryAnswer> => (await service.get<DeliveryAnswer>(path)).body
  return {
    webhookId,
    id: deliveryId,
    handle: service.client.workflow.getHandle<typeof deliver>(deliverWorkflowId(deliveryId)),
    read,
    retry: (body: unknown = {}) => service.post<DeliveryAnswer>(`${path}/retry`, body),
    cancel: () => service.post<DeliveryAnswer>(`${path}/cancel`, {}),
    async becomes(state: string): Promise<DeliveryAnswer> {
      await eventually(async () => (await read()).state, state)
      return read()
    },
    async hasAttempts(count: number): Promise<DeliveryAnswer> {
      await eventually(async () => (await read()).attempts.length, count)
      return read()
    },
    /** Its webhook's alerts, newest first. */
    alerts: async (): Promise<AlertAnswer[]> =>
      (await service.get<{ data: AlertAnswer[] }>(`/alerts?webhookId=${webhookId}`)).body.data,
    webhook: async () => (await service.get(`/webhooks/${webhookId}`)).body,
    remove: () => service.request('DELETE', `/webhooks/${webhookId}`),
  }
}

export type PublishedDelivery = ReturnType<typeof createPublishedDelivery>

/** Makes a webhook and publishes one event to it; its type keeps tests that run at once apart. */
export async function publishTo(
  service: Tenant,
  type: string,
  members: Record<string, unknown>,
): Promise<PublishedDelivery> {
  const webhook = await service.createWebhook({ events: [type], ...members })
  return publishAgain(service, type, webhook.id)
}

/** Publishes one more event to a webhook. */
export async function publishAgain(
  service: Tenant,
  type: string,
  webhookId: string,
): Promise<PublishedDelivery> {
  const { deliveries } = await service.publish({ type })
  const own = deliveries.find((delivery) => delivery.webhookId === webhookId)
  if (own === undefined) throw new Error('The event did not match.')
  return createPublishedDelivery(service, webhookId, own.id)
}
