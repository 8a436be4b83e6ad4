import type { HTTPMethods } from 'fastify'

import type { App } from './app-type.ts'
import { HttpError } from './problem.ts'

const METHODS: readonly HTTPMethods[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'QUERY',
]

/** Remembers the routes added from now on; `addTo` then answers 405 for every other method of their paths. */
export function rememberRoutes(app: App): { addTo(app: App): void } {
  const methodsByPath = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByPath.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    methodsByPath.set(url, methods)
  })
  return {
    addTo(target) {
      for (const [url, known] of [...methodsByPath]) {
        const others = METHODS.filter((method) => !known.has(method))
        // Of paths with wildcards, and of the browsable description, GET is all anyone asks for.
        if (others.length === 0 || url.includes('*') || url.startsWith('/docs')) continue
        const allow = [...known].sort().join(', ')
        target.route({
          method: others,
          url,
          exposeHeadRoute: false,
          schema: { hide: true },
          // Before the body is read: nothing in it could change the answer.
          onRequest: () => {
            throw new HttpError('method_not_allowed', `This path takes ${allow}.`, { headers: { allow } })
          },
          handler: () => undefined,
        })
      }
    },
  }
}
