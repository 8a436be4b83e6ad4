import type { preValidationHookHandler } from 'fastify'

import type { App } from './app-type.ts'

/**
 * An id in capitals or as a URN (RFC 9562) is the same id: behind this it is written in one way, wherever a route takes
 * one in its path or query.
 */
export function addPlainIds(app: App): void {
  app.addHook('onRoute', (route) => {
    const inPath = idMembers(route.schema?.params)
    const inQuery = idMembers(route.schema?.querystring)
    if (inPath.length + inQuery.length === 0) return
    const writeIds: preValidationHookHandler = ({ params, query }, _reply, done) => {
      for (const name of inPath) writePlainly(params as Record<string, unknown>, name)
      for (const name of inQuery) writePlainly(query as Record<string, unknown>, name)
      done()
    }
    route.preValidation = [route.preValidation ?? [], writeIds].flat()
  })
}

function idMembers(schema: unknown): string[] {
  const { properties = {} } = (schema ?? {}) as { properties?: Record<string, { format?: string }> }
  return Object.keys(properties).filter((name) => properties[name]?.format === 'uuid')
}

function writePlainly(members: Record<string, unknown>, name: string): void {
  const text = members[name]
  if (typeof text === 'string') members[name] = text.toLowerCase().replace(/^urn:uuid:/, '')
}
