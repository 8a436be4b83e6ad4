import type { IdSource } from '../db/ids.ts'
import type { Database } from '../db/database.ts'
import { loadTargets } from '../db/webhook-targets.ts'
import type { Failure } from '../domain/attempt-outcome.ts'
import { deliverWorkflowId } from '../domain/delivery.ts'
import { DomainError, invalidInput, notFound } from '../domain/errors.ts'
import { showStoredHeaders } from '../domain/sent-headers.ts'
import { EVENT_TYPES, type EventType, eventTypesOf } from '../domain/event-types.ts'
import { findWebhook } from '../db/webhooks.ts'
import type { buildRequest } from '../sending/request.ts'
import type { Exchange, SendRequest } from '../sending/sender.ts'
import { readDatabase } from './database-work.ts'
import type { Target, TargetCache } from './target-cache.ts'

/** One test send, as the attempts of deliveries are shown; it is answered and then forgotten. */
export interface TestAttempt {
  number: number
  trigger: 'test'
  startedAt: Date
  statusCode: number | null
  responseTimeMs: number | null
  responseBody: string | null
  responseBodyTruncated: boolean
  responseHeaders: Record<string, string> | null
  requestHeaders: Record<string, string> | null
  timings: Exchange['timings']
  remoteAddress: string | null
  failure: Failure | null
  nextAttemptAt: null
}

/** Throws DomainError: `not_found`, `invalid_input`, `unavailable` when it could not be sent. */
export type SendTest = (
  workspaceId: string,
  webhookId: string,
  type: string | undefined,
) => Promise<TestAttempt>

export interface SendTestDeps {
  database: Pick<Database, 'em' | 'sql'>
  ids: IdSource
  targets: TargetCache
  buildRequest: typeof buildRequest
  /** Rejects only when our own side could not make the attempt. */
  send: (request: SendRequest) => Promise<Exchange>
}

/** Sends a sample now, by the path that deliveries take. Nothing of it is stored, so it changes no status or figure. */
export function createSendTest(deps: SendTestDeps): SendTest {
  return async (workspaceId, webhookId, type) => {
    const { target, patterns } = await readDatabase(() => findTarget(deps, workspaceId, webhookId))
    const sample = chooseSample(patterns, type)
    const { headers, body, sentMark } = buildSample(deps, target, sample)
    const exchange = await send(deps, {
      url: target.url,
      headers,
      body,
      timeoutMs: target.timeoutMs,
      confidential: target.confidentialTexts(),
    })
    return describe(exchange, showStoredHeaders(sentMark, toSent(headers)))
  }
}

async function findTarget(
  { database, targets }: SendTestDeps,
  workspaceId: string,
  webhookId: string,
): Promise<{ target: Target; patterns: readonly string[] }> {
  const webhook = await findWebhook(database.em(), workspaceId, webhookId)
  const row = (await loadTargets(database.sql, [webhookId])).get(webhookId)
  if (webhook === null || row === undefined) throw notFound('webhook')
  return { target: targets.targetOf(row), patterns: webhook.events }
}

function chooseSample(patterns: readonly string[], type: string | undefined): EventType {
  const subscribed = eventTypesOf(patterns)
  const sample = type === undefined ? subscribed[0] : subscribed.find(({ name }) => name === type)
  if (sample !== undefined) return sample
  const isKnown = EVENT_TYPES.some(({ name }) => name === type)
  throw invalidInput(
    '/type',
    isKnown
      ? `The webhook is not subscribed to ${JSON.stringify(type)}.`
      : `There is no event type ${JSON.stringify(type)}; see GET /api/v1/event-types.`,
  )
}

function buildSample({ ids, buildRequest }: SendTestDeps, target: Target, sample: EventType) {
  const nowMs = Date.now()
  const deliveryId = ids.next()
  const delivery = {
    deliveryId,
    eventId: ids.next(),
    eventType: sample.name,
    eventTimestamp: new Date(nowMs).toISOString(),
    workflowId: deliverWorkflowId(deliveryId),
    data: JSON.stringify(sample.example),
    attemptNumber: 1,
  }
  return buildRequest(delivery, target.signingKeysAt(nowMs), target.headers, nowMs)
}

async function send({ send: post }: SendTestDeps, request: SendRequest): Promise<Exchange> {
  try {
    return await post(request)
  } catch (cause) {
    throw new DomainError('unavailable', 'The test could not be sent right now; try again.', {
      cause,
      retryAfterSeconds: 2,
    })
  }
}

/** A test is not stored, but shown as an attempt that was. */
function toSent(headers: Record<string, string>) {
  return {
    deliveryId: headers['x-webhook-id'] ?? '',
    eventType: headers['x-webhook-event'] ?? '',
    attemptNumber: 1,
  }
}

function describe(exchange: Exchange, requestHeaders: TestAttempt['requestHeaders']): TestAttempt {
  const { startedAt, outcome, statusCode, responseTimeMs, responseBody, responseBodyTruncated } = exchange
  return {
    number: 1,
    trigger: 'test',
    startedAt,
    statusCode,
    responseTimeMs,
    responseBody,
    responseBodyTruncated,
    responseHeaders: exchange.responseHeaders,
    requestHeaders,
    timings: exchange.timings,
    remoteAddress: exchange.remoteAddress,
    failure: outcome.kind === 'accepted' ? null : outcome.failure,
    nextAttemptAt: null,
  }
}
