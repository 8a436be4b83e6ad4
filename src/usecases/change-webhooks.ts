import { closeAlerts } from '../db/alerts.ts'
import type { Sql } from '../db/database.ts'
import { cancelOpenDeliveries, releaseHeldDeliveries } from '../db/webhook-backlog.ts'
import { deleteSecrets, insertSecret } from '../db/webhook-secrets.ts'
import {
  disableWebhookByUser,
  enableWebhook,
  insertWebhook,
  type LockedWebhook,
  lockWebhook,
  markWebhookDeleted,
  updateWebhook,
  type WebhookColumns,
} from '../db/webhooks.ts'
import { invalidInput, notFound } from '../domain/errors.ts'
import { formatSchedule } from '../domain/schedule.ts'
import { Secret } from '../secrets/secret.ts'
import { headersContext } from '../secrets/secret-context.ts'
import { insertAudit } from './audit.ts'
import { changeDatabase } from './database-work.ts'
import type { Acting, WebhookDeps } from './webhook-deps.ts'
import { checkUrl, checkWebhookInput, MASK, refuseProblems, type WebhookInput } from './webhook-input.ts'

const CONCURRENCY_DEFAULT = 8

export interface NewWebhookInput extends WebhookInput {
  url: string
  events: readonly string[]
  enabled?: boolean
}

export interface WebhookChange extends Omit<WebhookInput, 'secret'> {
  enabled?: boolean
  /** Only with `enabled: true`: what was held while it was off becomes due now. */
  sendHeld?: boolean
}

export interface WebhookChanger {
  /** Throws the `invalid_input` that creating a webhook with this URL would give. */
  checkUrl(url: string): void
  /** Answers the id, and the secret this once. */
  create(acting: Acting, input: NewWebhookInput): Promise<{ id: string; secret: Secret }>
  /**
   * Changes what is given, with all its consequences, in one transaction.
   * @param checkVersion is told the version that is about to be changed, and throws when it is not the expected one.
   */
  change(
    acting: Acting,
    id: string,
    change: WebhookChange,
    checkVersion: (version: number) => void,
  ): Promise<void>
  delete(acting: Acting, id: string, checkVersion: (version: number) => void): Promise<void>
}

export function createWebhookChanger(deps: WebhookDeps): WebhookChanger {
  const { database, rules } = deps
  return {
    checkUrl(url) {
      const problems: { pointer: string; detail: string }[] = []
      checkUrl(url, rules, problems)
      refuseProblems(problems)
    },
    async create(acting, input) {
      const row = prepareWebhook(deps, acting, input)
      const secret = new Secret(input.secret ?? rules.generateSecret())
      const secretId = deps.ids.next()
      const context = { workspaceId: acting.workspaceId, webhookId: row.id, secretId }
      const encrypted = deps.cipher.encrypt(secret, context)
      await changeDatabase(database, async (sql) => {
        await insertWebhook(sql, row)
        await insertSecret(sql, {
          id: secretId,
          workspaceId: acting.workspaceId,
          webhookId: row.id,
          encrypted,
        })
        await auditWebhook(deps, sql, acting, row.id, 'created', { events: row.events, enabled: row.enabled })
      })
      return { id: row.id, secret }
    },
    async change(acting, id, change, checkVersion) {
      if (change.sendHeld === true && change.enabled !== true)
        throw invalidInput('/sendHeld', 'sendHeld goes with "enabled": true only.')
      await changeDatabase(database, async (sql) => {
        const webhook = await lockWebhook(sql, acting.workspaceId, id)
        if (webhook === null) throw notFound('webhook')
        checkVersion(webhook.version)
        await changeMembers(deps, sql, acting, webhook, change)
        await changeEnabled(deps, sql, acting, webhook, change)
      })
    },
    async delete(acting, id, checkVersion) {
      await changeDatabase(database, async (sql) => {
        const webhook = await lockWebhook(sql, acting.workspaceId, id)
        if (webhook === null) throw notFound('webhook')
        checkVersion(webhook.version)
        await markWebhookDeleted(sql, id)
        await deleteSecrets(sql, id)
        const cancelled = await cancelOpenDeliveries(sql, id)
        await closeAlerts(sql, [id], null, false)
        await auditWebhook(deps, sql, acting, id, 'deleted', { host: hostOf(webhook.url), cancelled })
      })
    },
  }
}

function prepareWebhook(deps: WebhookDeps, { workspaceId, actor }: Acting, input: NewWebhookInput) {
  const { columns, headers } = checkWebhookInput(input, deps.rules)
  const id = deps.ids.next()
  return {
    url: input.url,
    description: null,
    events: input.events,
    schedule: formatSchedule(deps.defaultSchedule),
    timeoutMs: null,
    concurrency: CONCURRENCY_DEFAULT,
    ...columns,
    ...encryptHeaders(deps, workspaceId, id, headers ?? {}),
    id,
    workspaceId,
    enabled: input.enabled ?? true,
    disabledBy: actor,
  }
}

async function changeMembers(
  deps: WebhookDeps,
  sql: Sql,
  acting: Acting,
  webhook: LockedWebhook,
  { enabled: _enabled, sendHeld: _sendHeld, ...members }: WebhookChange,
): Promise<void> {
  const changed = Object.keys(members)
  if (changed.length === 0) return
  const stored = decryptHeaders(deps, acting.workspaceId, webhook)
  const { columns, headers } = checkWebhookInput(members, deps.rules, Object.keys(stored))
  const kept =
    headers === undefined ? {} : encryptHeaders(deps, acting.workspaceId, webhook.id, unmask(headers, stored))
  await updateWebhook(sql, webhook.id, { ...columns, ...kept })
  await auditWebhook(deps, sql, acting, webhook.id, 'changed', { changed })
}

async function changeEnabled(
  deps: WebhookDeps,
  sql: Sql,
  acting: Acting,
  { id, enabled: wasEnabled }: LockedWebhook,
  { enabled, sendHeld }: WebhookChange,
): Promise<void> {
  if (enabled === true && !wasEnabled) {
    await enableWebhook(sql, id)
    await closeAlerts(sql, [id], 'disabled', true)
    await auditWebhook(deps, sql, acting, id, 'enabled')
  }
  if (enabled === true && sendHeld === true) {
    const released = await releaseHeldDeliveries(sql, id)
    await auditWebhook(deps, sql, acting, id, 'held_sent', { released })
  }
  if (enabled === false && wasEnabled) {
    await disableWebhookByUser(sql, id, acting.actor)
    await auditWebhook(deps, sql, acting, id, 'disabled')
  }
}

async function auditWebhook(
  deps: WebhookDeps,
  sql: Sql,
  acting: Acting,
  id: string,
  verb: string,
  detail: Record<string, unknown> = {},
): Promise<void> {
  await insertAudit(sql, deps.ids, {
    ...acting,
    action: `webhook.${verb}`,
    objectType: 'webhook',
    objectId: id,
    detail,
  })
}

function encryptHeaders(
  { cipher }: WebhookDeps,
  workspaceId: string,
  webhookId: string,
  headers: Readonly<Record<string, string>>,
): Pick<WebhookColumns, 'headersEncrypted' | 'headerNames'> {
  const headerNames = Object.keys(headers)
  if (headerNames.length === 0) return { headersEncrypted: null, headerNames }
  const text = new Secret(JSON.stringify(headers))
  return { headersEncrypted: cipher.encrypt(text, headersContext(workspaceId, webhookId)).text, headerNames }
}

function decryptHeaders(
  { cipher }: WebhookDeps,
  workspaceId: string,
  { id, headersEncrypted }: LockedWebhook,
): Record<string, string> {
  if (headersEncrypted === null) return {}
  const text = cipher.decrypt(headersEncrypted, headersContext(workspaceId, id)).reveal()
  return JSON.parse(text) as Record<string, string>
}

function unmask(
  headers: Readonly<Record<string, string>>,
  stored: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value === MASK ? (stored[name] ?? value) : value]),
  )
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? ''
}
