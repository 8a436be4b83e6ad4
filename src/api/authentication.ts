import type { FastifyRequest } from 'fastify'

import { DomainError } from '../domain/errors.ts'
import type { Callers } from '../usecases/callers.ts'
import type { App } from './app-type.ts'

/** Sets `request.caller` on every route that declares a scope, and refuses who may not. */
export function addAuthentication(app: App, callers: Callers): void {
  app.addHook('onRequest', async (request) => {
    const { scope } = request.routeOptions.config
    if (scope === undefined) return
    const caller = await callers.byKey(bearerOf(request))
    if (caller === null) throw new DomainError('unauthenticated', 'This key is not accepted.')
    if (!caller.scopes.includes(scope))
      throw new DomainError('missing_scope', `This needs the scope ${scope}, which the key does not have.`)
    request.caller = caller
  })
}

function bearerOf(request: FastifyRequest): string {
  const match = /^Bearer ([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '')
  if (match?.[1] === undefined)
    throw new DomainError('unauthenticated', 'Send an API key: Authorization: Bearer whk_live_…')
  return match[1]
}
