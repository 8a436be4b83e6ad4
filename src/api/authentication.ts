import type { FastifyReply, FastifyRequest } from 'fastify'

import { DomainError } from '../domain/errors.ts'
import type { Caller, Callers } from '../usecases/callers.ts'
import type { App } from './app-type.ts'
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts'
import { rateLimitHeaders, tooMany } from './rate-limits.ts'
import { refuseForeignSite, type SessionCookie } from './session-cookie.ts'

/** After this long a caller is looked up again before the handler runs: a body can take its time to arrive. */
const STALE_AFTER_MS = 250
const FAILURES = { max: 10, windowMs: 60_000 }

export interface AuthenticationDeps {
  callers: Callers
  cookie: SessionCookie
  publicUrl: string
}

/** Counts failed sign-ins by address; in this process alone. */
export function createFailureLimiter(): RateLimiter {
  return createRateLimiter(FAILURES)
}

/** Sets `request.caller` on every route that declares a scope, and refuses who may not. */
export function addAuthentication(app: App, deps: AuthenticationDeps, failures: RateLimiter): void {
  const askedAtMs = new WeakMap<FastifyRequest, number>()

  async function authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { scope } = request.routeOptions.config
    if (scope === undefined) return
    askedAtMs.set(request, performance.now())
    const caller = await findCaller(deps, request)
    if (caller === null) throw refuse(request, reply, failures)
    if (scope !== 'any' && !caller.scopes.includes(scope)) {
      reply.header('www-authenticate', `Bearer error="insufficient_scope", scope="${scope}"`)
      throw new DomainError('missing_scope', `This needs the scope ${scope}, which the key does not have.`)
    }
    request.caller = caller
  }

  app.addHook('onRequest', authenticate)
  app.addHook('preHandler', async (request, reply) => {
    const agoMs = performance.now() - (askedAtMs.get(request) ?? Infinity)
    if (agoMs > STALE_AFTER_MS) await authenticate(request, reply)
  })
}

async function findCaller(
  { callers, cookie, publicUrl }: AuthenticationDeps,
  request: FastifyRequest,
): Promise<Caller | null> {
  const { authorization } = request.headers
  if (authorization !== undefined) {
    const key = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1]
    return key === undefined ? null : callers.byKey(key)
  }
  const token = cookie.read(request.headers)
  if (token === null) return null
  refuseForeignSite(request.method, request.headers, publicUrl)
  return callers.bySession(token)
}

/** Counts a failure of whoever sent something; sending nothing is no attempt to get in. */
function refuse(request: FastifyRequest, reply: FastifyReply, failures: RateLimiter): DomainError {
  const { authorization } = request.headers
  if (authorization === undefined)
    return new DomainError('unauthenticated', 'Send an API key: Authorization: Bearer whk_live_…')
  const state = failures.take(request.ip)
  if (state.isAllowed)
    return new DomainError(
      'unauthenticated',
      'This API key is not accepted: it is unknown, expired or revoked.',
    )
  reply.headers(rateLimitHeaders(state))
  return tooMany(state, 'failed authentications a minute from this address')
}
