import type { AttemptOutcome } from '../domain/attempt-outcome.ts'
import { createConnection, type Connection } from './connection.ts'
import { ConnectionPool } from './connection-pool.ts'
import { DEFAULT_LIMITS, type SenderLimits } from './limits.ts'
import { createNameResolver, type ResolveName } from './name-resolver.ts'
import { exchange, type Reply } from './reply.ts'
import { firstValue, recordBody, recordHeaders } from './reply-record.ts'
import { SendingFault } from './sending-fault.ts'
import { createSocketOpener, type OpeningFailure, type OpeningTimings } from './socket-opener.ts'
import { judgeStatus } from './status-outcome.ts'
import { createTargetReader, type Target } from './target.ts'
import type { TargetRules } from './target-url.ts'

export interface SendRequest {
  url: string
  /** Lower-case names. */
  headers: Record<string, string>
  body: string
  /** The whole attempt, from DNS to the last byte, in milliseconds. */
  timeoutMs: number
  /** Secrets to be masked where a receiver echoes them. */
  confidential?: readonly string[]
}

/** Everything one POST met. */
export interface Exchange {
  startedAt: Date
  endedAt: Date
  /** From the start to complete headers; null when there were none. */
  responseTimeMs: number | null
  outcome: AttemptOutcome
  statusCode: number | null
  /** Allow-listed names, bounded values; null without a reply. */
  responseHeaders: Record<string, string> | null
  /** The first 16 KiB as storable text; null without a reply. */
  responseBody: string | null
  responseBodyTruncated: boolean
  /** The vetted address that was dialled; null when there was none or the target is blocked. */
  remoteAddress: string | null
  /** Null for a phase that did not take place, as on a connection that was already open. */
  timings: OpeningTimings & { firstByteMs: number | null }
}

export interface Sender {
  /**
   * Makes one POST. Never rejects for anything the endpoint, its name server or its network does.
   * @throws SendingFault when our own side could not make the attempt.
   */
  send(request: SendRequest): Promise<Exchange>
  /** Refuses new requests, waits for those in flight (their own deadlines bound it) and ends all connections. */
  close(): Promise<void>
}

export interface SenderOptions {
  rules: TargetRules
  /** How names become addresses; by default the system's name servers. */
  resolveName?: ResolveName
  /** PEM certificates trusted beside the system's. */
  trustedCertificates?: readonly string[]
  limits?: Partial<SenderLimits>
}

/** What an attempt met, without the record around it. */
interface Met {
  reply: Exclude<Reply, { kind: 'unsent' }> | { kind: 'not_sent'; failure: OpeningFailure }
  remoteAddress: string | null
  timings: OpeningTimings
}

type Post = (request: SendRequest, startedAt: number) => Promise<Met>

const NO_TIMINGS: OpeningTimings = { dnsMs: null, connectMs: null, tlsMs: null }

/** The one code path by which this program posts to strangers. */
export function createSender(options: SenderOptions): Sender {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const pool = new ConnectionPool(limits)
  const post = createPost(options, limits, pool)
  const closing: { idle?: PromiseWithResolvers<undefined> } = {}
  let inFlight = 0
  let isClosed = false

  return {
    async send(request) {
      if (isClosed) throw new SendingFault('closed')
      if (inFlight >= limits.requestsInFlight) throw new SendingFault('overloaded')
      const startedAtDate = new Date()
      const startedAt = performance.now()
      inFlight += 1
      try {
        return describe(await post(request, startedAt), request.confidential ?? [], startedAtDate, startedAt)
      } finally {
        inFlight -= 1
        if (inFlight === 0) closing.idle?.resolve(undefined)
      }
    },
    async close() {
      isClosed = true
      pool.close()
      if (inFlight === 0) return
      closing.idle ??= Promise.withResolvers<undefined>()
      await closing.idle.promise
    },
  }
}

function createPost(options: SenderOptions, limits: SenderLimits, pool: ConnectionPool): Post {
  const readTarget = createTargetReader(options.rules)
  const openSocket = createSocketOpener({
    allowed: options.rules.allowed,
    resolveName: options.resolveName ?? createNameResolver(),
    trustedCertificates: options.trustedCertificates ?? [],
  })

  async function exchangeOn(
    connection: Connection,
    request: SendRequest,
    target: Target,
    deadlineAt: number,
  ) {
    const message = { path: target.path, headers: request.headers, body: request.body }
    let isReusable = false
    try {
      const reply = await exchange(connection, message, deadlineAt, limits)
      isReusable = reply.kind === 'answered'
      return reply
    } finally {
      if (isReusable) pool.put(connection)
      else connection.destroy()
    }
  }

  async function postOnNewConnection(request: SendRequest, target: Target, deadlineAt: number): Promise<Met> {
    const opening = await openSocket(target, Math.min(deadlineAt, performance.now() + limits.connectMs))
    const { remoteAddress, timings } = opening
    if (!opening.ok) return notSent(opening.failure, remoteAddress, timings)
    const connection = createConnection(target.origin, opening.socket, opening.remoteAddress, limits)
    const reply = await exchangeOn(connection, request, target, deadlineAt)
    return reply.kind === 'unsent'
      ? notSent('connect', remoteAddress, timings)
      : { reply, remoteAddress, timings }
  }

  return async (request, startedAt) => {
    const target = readTarget(request.url)
    if (target === null) return notSent('blocked_target', null, NO_TIMINGS)
    const deadlineAt = startedAt + request.timeoutMs
    const idle = pool.take(target.origin)
    if (idle === null) return postOnNewConnection(request, target, deadlineAt)
    const reply = await exchangeOn(idle, request, target, deadlineAt)
    if (reply.kind !== 'unsent') return { reply, remoteAddress: idle.remoteAddress, timings: NO_TIMINGS }
    // A kept connection may have died unnoticed. Only what was surely not written is written again, on a new one.
    return postOnNewConnection(request, target, deadlineAt)
  }
}

function notSent(failure: OpeningFailure, remoteAddress: string | null, timings: OpeningTimings): Met {
  return { reply: { kind: 'not_sent', failure }, remoteAddress, timings }
}

function describe(
  met: Met,
  confidential: readonly string[],
  startedAtDate: Date,
  startedAt: number,
): Exchange {
  const { reply, remoteAddress } = met
  const endedAt = new Date()
  const base = { startedAt: startedAtDate, endedAt, remoteAddress }
  if (reply.kind !== 'answered') {
    return {
      ...base,
      responseTimeMs: null,
      outcome: { kind: 'unreachable', failure: reply.failure },
      statusCode: null,
      responseHeaders: null,
      responseBody: null,
      responseBodyTruncated: false,
      timings: { ...met.timings, firstByteMs: reply.kind === 'failed' ? reply.firstByteMs : null },
    }
  }
  return {
    ...base,
    responseTimeMs: Math.round(reply.headersAt - startedAt),
    outcome: judgeStatus(reply.statusCode, firstValue(reply.headers, 'retry-after'), endedAt.getTime()),
    statusCode: reply.statusCode,
    responseHeaders: recordHeaders(reply.headers, confidential),
    responseBody: recordBody(reply.body, reply.isTruncated, confidential),
    responseBodyTruncated: reply.isTruncated,
    timings: { ...met.timings, firstByteMs: reply.firstByteMs },
  }
}
