import type { EntityManager } from '@mikro-orm/postgresql'

import { patternsOverlapping } from '../domain/event-types.ts'
import type { WebhookStatus } from '../domain/delivery.ts'
import type { Sql } from './database.ts'
import { Webhook } from './schema.ts'

export interface WebhookFilter {
  status?: WebhookStatus | undefined
  /** A type or a pattern: webhooks that get any event it stands for. */
  eventType?: string | undefined
  /** Part of the URL or the description, in any case. */
  text?: string | undefined
}

export interface WebhookPage {
  limit: number
  beforeId: string | null
}

/** Live webhooks of a workspace, newest first. */
export async function listWebhooks(
  em: EntityManager,
  workspaceId: string,
  filter: WebhookFilter,
  page: WebhookPage,
): Promise<Webhook[]> {
  const conditions = [
    { workspaceId, deletedAt: null },
    ...(page.beforeId === null ? [] : [{ id: { $lt: page.beforeId } }]),
    ...(filter.status === undefined ? [] : [STATUS_CONDITIONS[filter.status]]),
    ...(filter.eventType === undefined
      ? []
      : [{ events: { $overlap: patternsOverlapping(filter.eventType) } }]),
    ...(filter.text === undefined ? [] : [textCondition(filter.text)]),
  ]
  return em.find(Webhook, { $and: conditions }, { orderBy: { id: 'desc' }, limit: page.limit })
}

const STATUS_CONDITIONS = {
  enabled: { enabled: true, failedAt: null },
  failed: { enabled: true, failedAt: { $ne: null } },
  disabled: { enabled: false },
} as const satisfies Record<WebhookStatus, object>

function textCondition(text: string) {
  const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`
  return { $or: [{ url: { $ilike: pattern } }, { description: { $ilike: pattern } }] }
}

/** A live webhook of a workspace, or null. */
export async function findWebhook(
  em: EntityManager,
  workspaceId: string,
  id: string,
): Promise<Webhook | null> {
  return em.findOne(Webhook, { id, workspaceId, deletedAt: null })
}

/** What deciding about a change needs to know. */
export interface LockedWebhook {
  id: string
  version: number
  url: string
  enabled: boolean
  headersEncrypted: string | null
}

/** Locks a live webhook until the transaction ends, so that one change is decided after the other; null without one. */
export async function lockWebhook(sql: Sql, workspaceId: string, id: string): Promise<LockedWebhook | null> {
  const rows = await sql.query<LockedWebhook>(
    `select id, version, url, enabled, headers_encrypted as "headersEncrypted"
     from webhook where id = $1 and workspace_id = $2 and deleted_at is null for update`,
    [id, workspaceId],
  )
  return rows[0] ?? null
}

/** The members of a webhook that its owner sets, in their stored form. */
export interface WebhookColumns {
  url: string
  description: string | null
  events: readonly string[]
  schedule: string
  headersEncrypted: string | null
  headerNames: readonly string[]
  timeoutMs: number | null
  concurrency: number
}

const COLUMN_NAMES = {
  url: 'url',
  description: 'description',
  events: 'events',
  schedule: 'schedule',
  headersEncrypted: 'headers_encrypted',
  headerNames: 'header_names',
  timeoutMs: 'timeout_ms',
  concurrency: 'concurrency',
} as const satisfies Record<keyof WebhookColumns, string>

export interface NewWebhook extends WebhookColumns {
  id: string
  workspaceId: string
  enabled: boolean
  /** Who made it disabled, when it begins so. */
  disabledBy: string | null
}

export async function insertWebhook(sql: Sql, webhook: NewWebhook): Promise<void> {
  await sql.query(
    `insert into webhook (id, workspace_id, url, description, events, schedule, headers_encrypted, header_names,
       timeout_ms, concurrency, enabled, disabled_reason, disabled_at, disabled_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::boolean,
       case when not $11 then 'user' end, case when not $11 then now() end, case when not $11 then $12::text end)`,
    [
      webhook.id,
      webhook.workspaceId,
      webhook.url,
      webhook.description,
      webhook.events,
      webhook.schedule,
      webhook.headersEncrypted,
      webhook.headerNames,
      webhook.timeoutMs,
      webhook.concurrency,
      webhook.enabled,
      webhook.disabledBy,
    ],
  )
}

/** Changes what is given, and nothing else. Every change makes a new version. */
export async function updateWebhook(sql: Sql, id: string, change: Partial<WebhookColumns>): Promise<void> {
  const entries = Object.entries(change)
  const columns = Object.keys(change).map((name) => COLUMN_NAMES[name as keyof WebhookColumns])
  const assignments = columns.map((column, index) => `${column} = $${index + 2}, `).join('')
  await sql.query(
    `update webhook set ${assignments} version = version + 1, updated_at = now() where id = $1`,
    [id, ...entries.map(([, value]) => value)],
  )
}

/** Turns a webhook on; the clock of long failure starts anew. */
export async function enableWebhook(sql: Sql, id: string): Promise<void> {
  await sql.query(
    `update webhook set enabled = true, disabled_reason = null, disabled_at = null, disabled_by = null,
       failing_since = null, version = version + 1, updated_at = now() where id = $1`,
    [id],
  )
}

/** Turns a webhook off by its owner's wish. */
export async function disableWebhookByUser(sql: Sql, id: string, actor: string): Promise<void> {
  await sql.query(
    `update webhook set enabled = false, disabled_reason = 'user', disabled_at = now(), disabled_by = $2,
       version = version + 1, updated_at = now() where id = $1`,
    [id, actor],
  )
}

/** The row stays, because its deliveries are still shown; what is secret in it goes. */
export async function markWebhookDeleted(sql: Sql, id: string): Promise<void> {
  await sql.query(
    `update webhook set deleted_at = now(), headers_encrypted = null, header_names = '{}',
       version = version + 1, updated_at = now() where id = $1`,
    [id],
  )
}
