import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'

import type { AppDeps } from './app-deps.ts'
import type { App } from './app-type.ts'
import { addAuthentication } from './authentication.ts'
import { HttpError, toProblem } from './problem.ts'
import { eventTypeRoutes } from './routes/event-types.ts'
import { MODELS } from './schemas/models.ts'

const BODY_BYTES_MAX = 256 * 1024

/** Builds the API without listening. `app.listen` is the caller's, and so is `app.close`. */
export async function buildApp(deps: AppDeps): Promise<App> {
  const app: App = fastify({
    loggerInstance: deps.logger,
    disableRequestLogging: true,
    bodyLimit: BODY_BYTES_MAX,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true, verbose: true } },
  }).withTypeProvider<TypeBoxTypeProvider>()

  // Answers are built by hand and checked against their schemas in tests; serialising needs no second opinion.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request) => {
    throw new HttpError('no_such_route', `There is no ${request.method} ${request.url.split('?')[0] ?? ''}.`)
  })
  for (const model of MODELS) app.addSchema(model)

  await app.register(
    (api: App, _options, done) => {
      addAuthentication(api, deps.callers)
      eventTypeRoutes(api)
      done()
    },
    { prefix: '/api/v1' },
  )
  return app
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { problem, headers, cause } = toProblem(error, request.url)
  if (cause !== undefined)
    request.log.error({ err: cause, route: request.routeOptions.url }, 'request failed')
  return reply.code(problem.status).headers(headers).type('application/problem+json').send(problem)
}
