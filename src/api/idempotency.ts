import { createHash } from 'node:crypto'

import type {
  FastifyReply,
  FastifyRequest,
  onSendAsyncHookHandler,
  preHandlerAsyncHookHandler,
} from 'fastify'

import type { IdempotentRequest, KeptAnswers } from '../usecases/kept-answers.ts'
import type { App } from './app-type.ts'
import { readIdempotencyKey } from './idempotency-header.ts'
import { RawJson } from './raw-json.ts'

const KEPT_HEADERS = ['content-type', 'etag', 'location']

/** Honours `Idempotency-Key` on every POST of a caller whose use case does not keep its key itself. */
export function addIdempotency(app: App, keptAnswers: KeptAnswers): void {
  const running = new WeakMap<FastifyRequest, IdempotentRequest>()

  const begin: preHandlerAsyncHookHandler = async (request, reply) => {
    const idempotent = describeRequest(request)
    if (idempotent === null) return undefined
    const kept = await keptAnswers.begin(idempotent)
    if (kept === null) {
      running.set(request, idempotent)
      return undefined
    }
    return reply
      .code(kept.status)
      .headers(kept.headers)
      .header('idempotency-replayed', 'true')
      .send(kept.body)
  }

  const end: onSendAsyncHookHandler = async (request, reply, payload) => {
    const idempotent = running.get(request)
    if (idempotent === undefined) return payload
    running.delete(request)
    // If this fails, the work is done but not remembered: the key is free again once its claim has run out.
    await settle(keptAnswers, idempotent, request, reply, payload).catch((error: unknown) => {
      request.log.warn({ err: error }, 'an answer could not be kept for its Idempotency-Key')
    })
    return payload
  }

  app.addHook('onRoute', (route) => {
    const { scope, idempotency } = route.config ?? {}
    if (route.method !== 'POST' || scope === undefined || idempotency === 'own') return
    route.preHandler = [route.preHandler ?? [], begin].flat()
    route.onSend = [route.onSend ?? [], end].flat()
  })
}

function describeRequest(request: FastifyRequest): IdempotentRequest | null {
  const key = readIdempotencyKey(request.headers)
  if (key === null) return null
  return {
    workspaceId: request.caller.workspaceId,
    route: `${request.method} ${request.url.split('?')[0] ?? ''}`,
    key,
    requestHash: createHash('sha256').update(canonicalText(request.body)).digest(),
  }
}

/** The same members with the same values are the same body; `data` counts byte for byte. */
function canonicalText(body: unknown): string {
  if (body === undefined) return ''
  return JSON.stringify(body, (_name, value: unknown) => {
    if (value instanceof RawJson) return value.text
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

async function settle(
  keptAnswers: KeptAnswers,
  idempotent: IdempotentRequest,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<void> {
  if (reply.statusCode >= 300 || (typeof payload !== 'string' && payload !== null && payload !== undefined))
    return keptAnswers.forget(idempotent)
  const headers = Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name)
      return value === undefined ? [] : [[name, String(value)]]
    }),
  )
  const answer = { status: reply.statusCode, headers, body: payload ?? '' }
  return keptAnswers.keep(idempotent, answer, request.routeOptions.config.answersSecret === true)
}
