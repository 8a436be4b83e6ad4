import { Type } from 'typebox'

import type { AppDeps } from '../app-deps.ts'
import type { App } from '../app-type.ts'

const tags = ['Service']
const StatusModel = Type.Object({ status: Type.String({ examples: ['ok'] }) })
const ReadyModel = Type.Object({ ready: Type.Boolean(), problems: Type.Array(Type.String()) })

/** What operators and orchestrators ask; no key needed. */
export function serviceRoutes(app: App, deps: Pick<AppDeps, 'readiness' | 'metrics'>): void {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'Is the process alive?',
        tags,
        response: {
          200: { description: 'It is.', content: { 'application/json': { schema: StatusModel } } },
        },
      },
    },
    () => ({ status: 'ok' }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        summary: 'Can it do its work?',
        description:
          'The database is reachable and migrated, Temporal is reachable and knows the search attributes.',
        tags,
        response: {
          200: { description: 'It can.', content: { 'application/json': { schema: ReadyModel } } },
          503: {
            description: 'Not now; `problems` says why.',
            content: { 'application/json': { schema: ReadyModel } },
          },
        },
      },
    },
    async (_request, reply) => {
      const readiness = await deps.readiness()
      if (!readiness.ready) reply.header('retry-after', '2')
      return reply.code(readiness.ready ? 200 : 503).send(readiness)
    },
  )

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Metrics for Prometheus',
        tags,
        response: {
          200: { description: 'The text format.', content: { 'text/plain': { schema: Type.String() } } },
        },
      },
    },
    async (_request, reply) => reply.type(deps.metrics.contentType).send(await deps.metrics.metrics()),
  )
}
