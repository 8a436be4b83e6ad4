import {
  abandonAttempt,
  type AttemptRecord,
  beginAttempt,
  type DeliveryRow,
  holdDelivery,
  loadDeliveries,
  postponeDispatch,
  withdrawRetryRequest,
} from '../db/attempts.ts'
import type { Database } from '../db/database.ts'
import { loadTargets, type TargetRow } from '../db/webhook-targets.ts'
import { type AttemptDecision, decideAttempt } from '../domain/attempt-decision.ts'
import type { AttemptFacts, AttemptReason, AttemptResult } from '../domain/attempt-result.ts'
import { Deferred } from '../domain/deferred.ts'
import { deliverWorkflowId } from '../domain/delivery.ts'
import { parseSchedule, stepsOf } from '../domain/schedule.ts'
import { failureOf } from '../domain/verdict.ts'
import type { buildRequest } from '../sending/request.ts'
import type { Exchange, Sender } from '../sending/sender.ts'
import type { FreshDeliveries } from './fresh-deliveries.ts'
import { createGroupCommit } from './group-commit.ts'
import type { Standing } from './record-attempt.ts'
import type { Target, TargetCache } from './target-cache.ts'
import type { EnterGate, GatePass } from './webhook-gate.ts'

export interface AttemptCall {
  deliveryId: string
  reason: AttemptReason
  /** The same for every try of one activity; the row tells a second try from a second maker by it. */
  token: string
  /** Told when the POST is made and its record is late. */
  onLate?: (attempt: AttemptFacts) => void
}

export type AttemptDelivery = (call: AttemptCall) => Promise<AttemptResult>

export interface AttemptDeliveryDeps {
  database: Pick<Database, 'sql'>
  targets: TargetCache
  fresh: Pick<FreshDeliveries, 'take'>
  send: Sender['send']
  buildRequest: typeof buildRequest
  enterGate: EnterGate
  cancelDelivery: (deliveryId: string) => Promise<void>
  deferDelivery: (deliveryId: string, retryInMs: number) => Promise<void>
  /** Records the attempt, or answers undefined when it could not: nothing that happens after a POST may repeat it. */
  record: (call: AttemptCall, record: AttemptRecord, schedule: string) => Promise<Standing | undefined>
  /** Resolves, with the milliseconds that it took, when a recorded failure may be passed on. */
  passOnFailure: () => Promise<number>
}

/** What an attempt may take beside its own timeout: begin, read the body, record. */
const ATTEMPT_MARGIN_SECONDS = 20
const LOAD_BATCH_MAX = 200
/** A record that takes longer is late: the database may be away. */
const LATE_MS = 100
const MOVED_RETRY_MS = 50

interface Loaded {
  row: DeliveryRow
  target: TargetRow | undefined
}

/**
 * One attempt of a delivery if there is one to make: looks at the row, passes the webhook's gate, marks the attempt as
 * begun, POSTs, records. Throws `Deferred` when our own side makes it wait, and whatever the database throws before the
 * POST; after the POST it never throws.
 */
export function createAttemptDelivery(deps: AttemptDeliveryDeps): AttemptDelivery {
  const load = createLoader(deps)
  /** Attempts that were begun, not made, and could not be taken back: they must not pass for interrupted ones. */
  const unmade = new Set<string>()

  return async (call) => {
    if (unmade.has(call.token)) {
      await abandonAttempt(deps.database.sql, call.deliveryId, call.token)
      unmade.delete(call.token)
    }
    const loaded = await load(call)
    if (loaded === undefined) return { kind: 'settled', state: 'cancelled', attempt: null }
    const decision = decideAttempt(positionOf(loaded), call.reason, call.token)
    if (decision.kind !== 'attempt' || loaded.target === undefined)
      return answerWithout(deps, loaded, decision, call)
    return attempt({ ...deps, unmade }, call, loaded.row, loaded.target, decision)
  }
}

const TARGETS_MAX = 10_000

/** What was accepted a moment ago is known; of the rest, attempts that begin together share their statements. */
function createLoader({ database, fresh }: AttemptDeliveryDeps) {
  /** As they were last read. */
  const known = new Map<string, TargetRow>()

  function knownToBe({ deliveryId, reason }: AttemptCall): Loaded | undefined {
    const delivery = reason.kind === 'start' ? fresh.take(deliveryId) : undefined
    if (delivery === undefined) return undefined
    const target = known.get(delivery.row.webhook_id)
    return target?.version === delivery.webhookVersion ? { row: delivery.row, target } : undefined
  }

  const read = createGroupCommit<string, Loaded | undefined>(
    async (ids) => {
      const rows = new Map((await loadDeliveries(database.sql, ids)).map((row) => [row.id, row]))
      const targets = await loadTargets(database.sql, [
        ...new Set([...rows.values()].map((row) => row.webhook_id)),
      ])
      if (known.size + targets.size > TARGETS_MAX) known.clear()
      for (const [id, target] of targets) known.set(id, target)
      return ids.map((id) => {
        const row = rows.get(id)
        return row === undefined ? undefined : { row, target: targets.get(row.webhook_id) }
      })
    },
    () => false,
    { sizeOf: () => 1, sizeMax: LOAD_BATCH_MAX, lanes: 1, holdMs: 0 },
  )
  return async (call: AttemptCall): Promise<Loaded | undefined> =>
    knownToBe(call) ?? (await read(call.deliveryId))
}

function positionOf({ row, target }: Loaded) {
  return {
    state: row.state,
    trigger: row.trigger,
    attemptCount: row.attempt_count,
    nextAttemptAt: row.next_attempt_at,
    retryRequestedAt: row.retry_requested_at,
    inFlight:
      row.in_flight_token === null || row.in_flight_until === null
        ? null
        : { token: row.in_flight_token, until: row.in_flight_until },
    isWebhookEnabled: target?.enabled ?? false,
    isWebhookDeleted: target?.deletedAt !== null,
    now: row.now,
  }
}

async function answerWithout(
  deps: AttemptDeliveryDeps,
  { row, target }: Loaded,
  decision: AttemptDecision,
  { reason }: AttemptCall,
): Promise<AttemptResult> {
  switch (decision.kind) {
    case 'busy':
      throw new Deferred('in_flight', decision.retryInMs)
    case 'hold':
      await holdDelivery(deps.database.sql, row.id)
      return { kind: 'settled', state: 'held', attempt: null }
    case 'withdraw-request':
      await withdrawRetryRequest(deps.database.sql, row.id)
      if (reason.kind === 'manual' || row.state === 'pending') return { kind: 'nothing' }
      return { kind: 'settled', state: row.state, attempt: null }
    case 'wait': {
      await postponeDispatch(deps.database.sql, row.id)
      const steps = target === undefined ? row.steps_used : stepsOf(parseSchedule(target.schedule))
      return { kind: 'waiting', waitMs: decision.waitMs, stepsUsed: row.steps_used, steps, attempt: null }
    }
    case 'settled':
      return { kind: 'settled', state: decision.state, attempt: null }
    case 'nothing':
      return { kind: 'nothing' }
    case 'cancel':
    case 'attempt':
      await deps.cancelDelivery(row.id)
      return { kind: 'settled', state: 'cancelled', attempt: null }
  }
}

type AttemptNow = Extract<AttemptDecision, { kind: 'attempt' }>

async function attempt(
  deps: AttemptDeliveryDeps & { unmade: Set<string> },
  call: AttemptCall,
  row: DeliveryRow,
  targetRow: TargetRow,
  decision: AttemptNow,
): Promise<AttemptResult> {
  const target = deps.targets.targetOf(targetRow)
  const pass = await enter(deps, row, target, decision)
  let exchange: Exchange
  let sentMark: string
  try {
    await begin(deps, call, row, target, decision)
    const nowMs = Date.now()
    const outgoing = toOutgoing(row, decision.number)
    const request = deps.buildRequest(outgoing, target.signingKeysAt(nowMs), target.headers, nowMs)
    sentMark = request.sentMark
    exchange = await deps.send({
      url: target.url,
      headers: request.headers,
      body: request.body,
      timeoutMs: target.timeoutMs,
      confidential: target.confidentialTexts(),
    })
  } catch (error) {
    pass.leave(null)
    await abandonAttempt(deps.database.sql, row.id, call.token).catch(() => deps.unmade.add(call.token))
    throw error
  }
  const record = toRecord(exchange, decision, sentMark)
  pass.leave({
    isFailure: record.failure !== null,
    statusCode: record.statusCode,
    retryAfterMs: record.retryAfterMs,
  })
  const facts = toFacts(record, targetRow.schedule)
  const late = setTimeout(() => call.onLate?.(facts), LATE_MS)
  const standing = await deps.record(call, record, targetRow.schedule).finally(() => {
    clearTimeout(late)
  })
  if (standing === undefined) return { kind: 'unrecorded', token: call.token, attempt: facts }
  if (record.failure === null || decision.trigger === 'manual') return toResult(standing, facts)
  const passedMs = await deps.passOnFailure()
  return toResult({ ...standing, waitMs: Math.max(0, (standing.waitMs ?? 0) - passedMs) }, facts)
}

async function enter(
  deps: AttemptDeliveryDeps,
  row: DeliveryRow,
  target: Target,
  { trigger }: AttemptNow,
): Promise<GatePass> {
  const answer = await deps.enterGate({
    webhookId: target.webhookId,
    concurrency: target.concurrency,
    isManual: trigger === 'manual',
    deliveryId: row.id,
  })
  if (answer.kind === 'enter') return answer.pass
  await deps.deferDelivery(row.id, answer.retryInMs)
  throw new Deferred(answer.reason, answer.retryInMs)
}

async function begin(
  { database }: AttemptDeliveryDeps,
  call: AttemptCall,
  row: DeliveryRow,
  target: Target,
  { number, trigger }: AttemptNow,
): Promise<void> {
  const lastsSeconds = Math.ceil(target.timeoutMs / 1000) + ATTEMPT_MARGIN_SECONDS
  const isBegun = await beginAttempt(
    database.sql,
    { deliveryId: row.id, number, token: call.token, trigger, lastsSeconds, seen: row },
    row,
  )
  // The row has moved since it was read: look again.
  if (!isBegun) throw new Deferred('in_flight', MOVED_RETRY_MS)
}

function toOutgoing(row: DeliveryRow, attemptNumber: number) {
  return {
    deliveryId: row.id,
    eventId: row.event_id,
    eventType: row.event_type,
    eventTimestamp: row.timestamp.toISOString(),
    workflowId: row.workflow_id ?? deliverWorkflowId(row.id),
    data: row.payload,
    attemptNumber,
  }
}

/** The attempt as it is stored: what was met, under its number. */
export function toRecord(
  exchange: Exchange,
  { number, trigger }: Pick<AttemptNow, 'number' | 'trigger'>,
  sentMark: string,
): AttemptRecord {
  const { outcome, startedAt, statusCode, responseTimeMs, responseBody, responseBodyTruncated } = exchange
  return {
    number,
    trigger,
    startedAt,
    statusCode,
    responseTimeMs,
    responseBody,
    responseBodyTruncated,
    responseHeaders: exchange.responseHeaders,
    sentMark,
    timings: exchange.timings,
    remoteAddress: exchange.remoteAddress,
    failure: failureOf(outcome),
    retryAfterMs: outcome.kind === 'refused' ? outcome.retryAfterMs : null,
  }
}

function toFacts(record: AttemptRecord, schedule: string): AttemptFacts {
  return {
    number: record.number,
    trigger: record.trigger,
    startedAt: record.startedAt.toISOString(),
    statusCode: record.statusCode,
    failure: record.failure,
    responseTimeMs: record.responseTimeMs,
    retryAfterMs: record.retryAfterMs,
    schedule,
  }
}

/** A recorded attempt as the workflow sees it. */
export function toResult(standing: Standing, attempt: AttemptFacts): AttemptResult {
  const { state, stepsUsed, steps } = standing
  if (state !== 'pending') return { kind: 'settled', state, attempt }
  return { kind: 'waiting', waitMs: standing.waitMs ?? 0, stepsUsed, steps, attempt }
}
