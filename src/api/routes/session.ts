import type { FastifyReply, FastifyRequest } from 'fastify'

import { DomainError } from '../../domain/errors.ts'
import type { Caller } from '../../usecases/callers.ts'
import {
  type OpenedSession,
  redeemSignInCode,
  signInWithKey,
  signOut,
} from '../../usecases/portal-sessions.ts'
import { getWorkspace } from '../../usecases/workspaces.ts'
import type { AppDeps } from '../app-deps.ts'
import type { App } from '../app-type.ts'
import type { RateLimiter } from '../rate-limiter.ts'
import { rateLimitHeaders, tooMany } from '../rate-limits.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import { SessionModel, SignInBody } from '../schemas/portal-sessions.ts'
import { refTo } from '../schemas/shared.ts'
import { refuseForeignSite, type SessionCookie } from '../session-cookie.ts'

type SessionRouteDeps = Pick<AppDeps, 'database' | 'ids' | 'callers' | 'publicUrl'> & {
  cookie: SessionCookie
  failures: RateLimiter
}

const tags = ['Settings page']

/** The settings page's own session: a cookie instead of a key that scripts could read. */
export function sessionRoutes(app: App, deps: SessionRouteDeps): void {
  addSignIn(app, deps)
  addRead(app, deps)
  addSignOut(app, deps)
}

function addSignIn(app: App, deps: SessionRouteDeps): void {
  app.post(
    '/session',
    {
      schema: {
        operationId: 'signIn',
        summary: 'Sign in with the code of a link, or an API key',
        description:
          'Begins a session in an HttpOnly cookie: idle 30 minutes, 8 hours at most. For the settings page.',
        tags,
        body: SignInBody,
        response: answers(
          { 200: { description: 'Who is signed in.', schema: refTo(SessionModel) } },
          BODY_PROBLEMS,
        ),
      },
    },
    async (request, reply) => {
      refuseForeignSite(request.method, request.headers, deps.publicUrl)
      const opened = await openSession(deps, request, reply)
      const caller = await deps.callers.bySession(opened.token)
      if (caller === null) throw new DomainError('unauthenticated', 'The session ended as soon as it began.')
      reply.header('set-cookie', deps.cookie.begin(opened.token, opened.expiresAt))
      return showSession(deps, caller)
    },
  )
}

async function openSession(
  deps: SessionRouteDeps,
  request: FastifyRequest<{ Body: { code?: string; apiKey?: string } }>,
  reply: FastifyReply,
): Promise<OpenedSession> {
  const before = deps.failures.look(request.ip)
  if (!before.isAllowed) {
    reply.headers(rateLimitHeaders(before))
    throw tooMany(before, 'failed sign-ins a minute from this address')
  }
  const { code, apiKey = '' } = request.body
  try {
    return code === undefined ? await signInWithKey(deps, apiKey) : await redeemSignInCode(deps, code)
  } catch (error) {
    if (error instanceof DomainError && error.code === 'unauthenticated') deps.failures.take(request.ip)
    throw error
  }
}

function addRead(app: App, deps: SessionRouteDeps): void {
  app.get(
    '/session',
    {
      config: { scope: 'any' },
      schema: {
        operationId: 'getSession',
        summary: 'Who am I, and what may I do?',
        tags,
        response: answers({ 200: { description: 'Who is asking.', schema: refTo(SessionModel) } }),
      },
    },
    async ({ caller }) => showSession(deps, caller),
  )
}

function addSignOut(app: App, deps: SessionRouteDeps): void {
  app.delete(
    '/session',
    {
      schema: {
        operationId: 'signOut',
        summary: 'Sign out',
        description: 'Ends the session of the cookie in every process. Works also when it is over already.',
        tags,
        response: answers({ 204: { description: 'Signed out.' } }),
      },
    },
    async (request, reply) => {
      const token = deps.cookie.read(request.headers)
      if (token !== null) {
        refuseForeignSite(request.method, request.headers, deps.publicUrl)
        await signOut(deps, token)
      }
      return reply.code(204).header('set-cookie', deps.cookie.end()).send()
    },
  )
}

async function showSession(deps: SessionRouteDeps, caller: Caller) {
  const { id, name } = await getWorkspace(deps, caller.workspaceId)
  return { actor: caller.actor, scopes: caller.scopes, workspace: { id, name } }
}
