import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'

import { DomainError } from '../domain/errors.ts'
import type { Scope } from '../domain/scopes.ts'
import type { Caller, Callers, FoundCaller } from '../usecases/callers.ts'
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
  app.decorateRequest('caller')
  app.decorateRequest('callerAskedAtMs', 0)
  app.addHook('onRoute', (route) => {
    const scope = route.config?.scope
    if (scope === undefined) return
    const authenticate = createAuthenticate(deps, failures, scope)
    const again: Authenticate = (request, reply, done) => {
      const agoMs = performance.now() - request.callerAskedAtMs
      if (agoMs > STALE_AFTER_MS) authenticate(request, reply, done)
      else done()
    }
    route.onRequest = [authenticate, route.onRequest ?? []].flat()
    route.preHandler = [again, route.preHandler ?? []].flat()
  })
}

type Authenticate = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void

/** A hook that waits for nothing when the caller is known already: it runs before every publish. */
function createAuthenticate(
  deps: AuthenticationDeps,
  failures: RateLimiter,
  scope: Scope | 'any',
): Authenticate {
  function admit(
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller | null,
  ): DomainError | undefined {
    if (caller === null) return refuse(request, reply, failures)
    if (scope !== 'any' && !caller.scopes.includes(scope)) {
      reply.header('www-authenticate', `Bearer error="insufficient_scope", scope="${scope}"`)
      return new DomainError('missing_scope', `This needs the scope ${scope}, which the key does not have.`)
    }
    request.caller = caller
    return undefined
  }

  return (request, reply, done) => {
    request.callerAskedAtMs = performance.now()
    const found = findCaller(deps, request)
    if (!(found instanceof Promise)) {
      done(admit(request, reply, found))
      return
    }
    found.then(
      (caller) => {
        done(admit(request, reply, caller))
      },
      (error: unknown) => {
        done(error as Error)
      },
    )
  }
}

function findCaller(
  { callers, cookie, publicUrl }: AuthenticationDeps,
  request: FastifyRequest,
): FoundCaller {
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
