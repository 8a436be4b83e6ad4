import { expect } from 'vitest'

import type { CallApi, WebhookApi } from './webhook-api.ts'

/** What tests read of a webhook, or of the problem in its place. */
export interface WebhookBody {
  id: string
  url: string
  events: string[]
  status: string
  enabled: boolean
  headers: Record<string, string>
  schedule: unknown
  waits: string[]
  heldCount: number
  openCount: number
  secret?: string
  updatedAt: string
  disabledReason: string | null
  disabledBy: string | null
  lastDelivery: { id: string; state: string } | null
  errors?: { pointer: string; detail: string }[]
}

export const VALID_WEBHOOK = { url: 'https://hooks.acme.com/in/42', events: ['task.*'] }

export async function createWebhook(
  call: CallApi,
  input: Record<string, unknown> = {},
): Promise<WebhookBody> {
  const answer = await call<WebhookBody>('POST', '/webhooks', { ...VALID_WEBHOOK, ...input })
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}

export async function publishEvent(call: CallApi, type: string): Promise<string> {
  const answer = await call<{ id: string }>('POST', '/events', { type, data: { a: 1 } })
  expect(answer.status, answer.text).toBe(202)
  return answer.body.id
}

/** What was done to an object, oldest first. */
export async function auditOf(api: WebhookApi, objectId: string): Promise<string[]> {
  const rows = await api.database.sql.query<{ action: string }>(
    'select action from audit_entry where object_id = $1 order by id',
    [objectId],
  )
  return rows.map(({ action }) => action)
}
