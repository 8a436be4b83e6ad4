import type { Webhook } from '../db/schema.ts'
import { readStatistics } from '../db/statistics.ts'
import { readWebhookFigures, type WebhookFigures } from '../db/webhook-figures.ts'
import { findWebhook, listWebhooks, type WebhookFilter, type WebhookPage } from '../db/webhooks.ts'
import { type DisabledReason, type WebhookStatus, webhookStatus } from '../domain/delivery.ts'
import { invalidInput, notFound } from '../domain/errors.ts'
import { isSubscriptionPattern } from '../domain/event-types.ts'
import { parseSchedule, type Schedule, waitsOf } from '../domain/schedule.ts'
import type { StatisticsWindow } from '../domain/statistics-window.ts'
import { readDatabase } from './database-work.ts'
import type { WebhookDeps } from './webhook-deps.ts'
import {
  type DayStatistics,
  type StatisticsAnswer,
  summariseDay,
  summariseWindow,
} from './webhook-statistics.ts'

/** A webhook as its owner sees it: no secret, no header value. */
export interface WebhookView extends WebhookFigures {
  id: string
  url: string
  description: string | null
  events: readonly string[]
  enabled: boolean
  status: WebhookStatus
  disabledReason: DisabledReason | null
  disabledAt: Date | null
  /** Who turned it off; null when the service did. */
  disabledBy: string | null
  schedule: Schedule
  waits: readonly string[]
  headerNames: readonly string[]
  timeoutMs: number
  concurrency: number
  /** Open: so many deliveries failed in a row that attempts go out one at a time, until one is accepted. */
  breaker: { state: 'open' | 'closed'; openedAt: Date | null }
  version: number
  stats24h: DayStatistics
  createdAt: Date
  updatedAt: Date
}

export interface WebhookReader {
  /** Up to `limit + 1` webhooks, newest first, read in a fixed number of statements. */
  list(workspaceId: string, filter: WebhookFilter, page: WebhookPage): Promise<WebhookView[]>
  /** Throws `not_found`. */
  get(workspaceId: string, id: string): Promise<WebhookView>
  /** Throws `not_found`. */
  statistics(workspaceId: string, id: string, window: StatisticsWindow): Promise<StatisticsAnswer>
}

export function createWebhookReader(deps: Pick<WebhookDeps, 'database' | 'requestTimeoutMs'>): WebhookReader {
  const { database, requestTimeoutMs } = deps

  async function find(workspaceId: string, id: string): Promise<Webhook> {
    const webhook = await findWebhook(database.em(), workspaceId, id)
    if (webhook === null) throw notFound('webhook')
    return webhook
  }

  async function view(webhooks: readonly Webhook[]): Promise<WebhookView[]> {
    if (webhooks.length === 0) return []
    const ids = webhooks.map(({ id }) => id)
    const [figures, statistics] = await Promise.all([
      readWebhookFigures(database, ids),
      readStatistics(database.sql, ids, { window: '24h', areTimesBySlot: false }),
    ])
    return webhooks.flatMap((webhook) => {
      const [own, day] = [figures.get(webhook.id), statistics.get(webhook.id)]
      return own === undefined || day === undefined
        ? []
        : [{ ...show(webhook, requestTimeoutMs), ...own, stats24h: summariseDay(day) }]
    })
  }

  return {
    list: (workspaceId, filter, { limit, beforeId }) =>
      readDatabase(async () => {
        if (filter.eventType !== undefined && !isSubscriptionPattern(filter.eventType))
          throw invalidInput('/eventType', `There is no event type ${JSON.stringify(filter.eventType)}.`)
        return view(await listWebhooks(database.em(), workspaceId, filter, { limit: limit + 1, beforeId }))
      }),
    get: (workspaceId, id) =>
      readDatabase(async () => {
        const [found] = await view([await find(workspaceId, id)])
        if (found === undefined) throw notFound('webhook')
        return found
      }),
    statistics: (workspaceId, id, window) =>
      readDatabase(async () => {
        await find(workspaceId, id)
        const [figures, statistics] = await Promise.all([
          readWebhookFigures(database, [id]),
          readStatistics(database.sql, [id], { window, areTimesBySlot: true }),
        ])
        const [own, sums] = [figures.get(id), statistics.get(id)]
        if (own === undefined || sums === undefined) throw notFound('webhook')
        return summariseWindow(window, sums, own)
      }),
  }
}

function show(
  webhook: Webhook,
  requestTimeoutMs: number,
): Omit<WebhookView, keyof WebhookFigures | 'stats24h'> {
  const schedule = parseSchedule(webhook.schedule)
  return {
    id: webhook.id,
    url: webhook.url,
    description: webhook.description ?? null,
    events: webhook.events,
    enabled: webhook.enabled,
    status: webhookStatus({ enabled: webhook.enabled, failedAt: webhook.failedAt ?? null }),
    disabledReason: webhook.disabledReason ?? null,
    disabledAt: webhook.disabledAt ?? null,
    disabledBy: webhook.disabledBy ?? null,
    schedule,
    waits: waitsOf(schedule),
    headerNames: webhook.headerNames,
    timeoutMs: webhook.timeoutMs ?? requestTimeoutMs,
    concurrency: webhook.concurrency,
    breaker: showBreaker(webhook.breakerOpenedAt ?? null),
    version: webhook.version,
    createdAt: webhook.createdAt,
    updatedAt: webhook.updatedAt,
  }
}

function showBreaker(openedAt: Date | null): WebhookView['breaker'] {
  return { state: openedAt === null ? 'closed' : 'open', openedAt }
}
