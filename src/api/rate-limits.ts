import type { onRequestHookHandler } from 'fastify'

import { DomainError } from '../domain/errors.ts'
import type { App } from './app-type.ts'
import { createRateLimiter, type RateLimit, type RateLimitState } from './rate-limiter.ts'

/** Per key (or, for a session, per workspace and actor). Publishing has no limit but overload. */
const GENERAL: RateLimit = { max: 100, windowMs: 1_000 }

/** Limits every route of a caller but publishing, and tells the caller where they stand. */
export function addRateLimits(app: App): void {
  const limiter = createRateLimiter(GENERAL)
  const limit: onRequestHookHandler = ({ caller }, reply, done) => {
    const { keyId, workspaceId, actor } = caller
    const state = limiter.take(keyId ?? `${workspaceId} ${actor}`)
    reply.headers(rateLimitHeaders(state))
    done(state.isAllowed ? undefined : tooMany(state, 'requests'))
  }
  app.addHook('onRoute', (route) => {
    const { scope, rateLimit } = route.config ?? {}
    if (scope === undefined || rateLimit === 'publish') return
    route.onRequest = [route.onRequest ?? [], limit].flat()
  })
}

export function rateLimitHeaders(state: RateLimitState): Record<string, string> {
  return {
    'ratelimit-limit': String(state.limit),
    'ratelimit-remaining': String(state.remaining),
    'ratelimit-reset': String(state.resetSeconds),
  }
}

export function tooMany({ limit, resetSeconds }: RateLimitState, what: string): DomainError {
  return new DomainError('rate_limited', `More than ${limit} ${what}; try again in ${resetSeconds} s.`, {
    retryAfterSeconds: resetSeconds,
  })
}
