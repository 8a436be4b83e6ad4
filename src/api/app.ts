import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, type FastifyReply, type FastifyRequest, LogController } from 'fastify'

import { explainFault } from '../usecases/faults.ts'
import type { AppDeps } from './app-deps.ts'
import type { App } from './app-type.ts'
import { addAuthentication, createFailureLimiter } from './authentication.ts'
import {
  answerClientError,
  CONNECTION_TIMEOUT_MS,
  HTTP_LIMITS,
  readRest,
  refuseOddRequests,
} from './http-server.ts'
import { addIdempotency } from './idempotency.ts'
import { rememberRoutes } from './method-not-allowed.ts'
import { addOpenApi } from './openapi.ts'
import { addOverloadProtection } from './overload.ts'
import { addPlainIds } from './plain-ids.ts'
import { HttpError, toProblem } from './problem.ts'
import { parseQueryString } from './query-string.ts'
import { addRateLimits } from './rate-limits.ts'
import { addRequestMetrics } from './request-metrics.ts'
import { addSecurityHeaders } from './security-headers.ts'
import { createSessionCookie } from './session-cookie.ts'
import { addSettingsPage } from './settings-page.ts'
import { addStrictJson } from './strict-json.ts'
import { alertRoutes } from './routes/alerts.ts'
import { apiKeyRoutes } from './routes/api-keys.ts'
import { auditLogRoutes } from './routes/audit-log.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { eventTypeRoutes } from './routes/event-types.ts'
import { eventRoutes } from './routes/events.ts'
import { portalSessionRoutes } from './routes/portal-sessions.ts'
import { serviceRoutes } from './routes/service.ts'
import { sessionRoutes } from './routes/session.ts'
import { statisticsRoutes } from './routes/statistics.ts'
import { webhookActionRoutes } from './routes/webhook-actions.ts'
import { webhookRoutes } from './routes/webhooks.ts'
import { workspaceRoutes } from './routes/workspace.ts'
import { workspacesRoutes } from './routes/workspaces.ts'
import { MODELS } from './schemas/models.ts'

const BODY_BYTES_MAX = 256 * 1024
const CUT_SHORT = new HttpError('malformed_request', 'The body was cut short.')

/** Builds the API without listening. `app.listen` is the caller's, and so is `app.close`. */
export async function buildApp(deps: AppDeps): Promise<App> {
  const app = createServer(deps)
  const routes = rememberRoutes(app)
  refuseOddRequests(app.server)
  addRequestMetrics(app, deps.metrics)
  addStrictJson(app)
  addSecurityHeaders(app, deps.publicUrl)
  await addOverloadProtection(app)
  await addOpenApi(app, deps)
  for (const model of MODELS) app.addSchema(model)
  await app.register(
    (api: App, _options, done) => {
      addApi(api, deps)
      done()
    },
    { prefix: '/api/v1' },
  )
  serviceRoutes(app, deps)
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  await addSettingsPage(app, deps.pageDirectory)
  routes.addTo(app)
  return app
}

function createServer({ logger }: AppDeps): App {
  const app: App = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    http: HTTP_LIMITS,
    requestTimeout: HTTP_LIMITS.requestTimeout,
    keepAliveTimeout: HTTP_LIMITS.keepAliveTimeout,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    return503OnClosing: true,
    clientErrorHandler: answerClientError,
    frameworkErrors: answerError,
    routerOptions: { querystringParser: parseQueryString },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        allErrors: true,
        verbose: true,
        allowUnionTypes: true,
      },
    },
  }).withTypeProvider<TypeBoxTypeProvider>()
  // Answers are built by hand and checked against their schemas in tests; serialising needs no second opinion.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request) => {
    throw new HttpError('no_such_route', `There is no ${request.method} ${request.url.split('?')[0] ?? ''}.`)
  })
  // HTTP/1.1 wants a Host (RFC 9112 §3.2); HTTP/1.0 does not.
  app.addHook('onRequest', (request, _reply, done) => {
    const isMissing = request.headers.host === undefined && request.raw.httpVersion === '1.1'
    done(isMissing ? new HttpError('malformed_request', 'The header Host is missing.') : undefined)
  })
  // A POST whose members are all optional needs no body; one that needs members is told which.
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined) request.body = {}
    done()
  })
  return app
}

/** Everything under /api/v1. */
function addApi(api: App, deps: AppDeps): void {
  const cookie = createSessionCookie(deps.publicUrl)
  const failures = createFailureLimiter()
  addAuthentication(api, { ...deps, cookie }, failures)
  addRateLimits(api)
  addPlainIds(api)
  addIdempotency(api, deps.keptAnswers)
  webhookRoutes(api, deps)
  webhookActionRoutes(api, deps)
  statisticsRoutes(api, deps)
  eventTypeRoutes(api)
  eventRoutes(api, deps)
  deliveryRoutes(api, deps)
  alertRoutes(api, deps)
  apiKeyRoutes(api, deps)
  workspaceRoutes(api, deps)
  workspacesRoutes(api, deps)
  auditLogRoutes(api, deps)
  portalSessionRoutes(api, deps)
  sessionRoutes(api, { ...deps, cookie, failures })
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  // Whoever hung up in the middle of a body reads no answer, and it is no fault of ours.
  const isCut = request.raw.destroyed && !request.raw.complete
  const { problem, headers, cause } = toProblem(
    isCut ? CUT_SHORT : (explainFault(error) ?? error),
    request.url,
  )
  if (cause !== undefined)
    request.log.error({ err: cause, route: request.routeOptions.url }, 'request failed')
  reply.code(problem.status).headers(headers).type('application/problem+json')
  if (isCut || !closesEarly(request, reply)) reply.send(problem)
  else void readRest(request.raw).then(() => reply.send(problem))
}

/** Whether the connection is closed behind an answer to a body that has not arrived in full. */
function closesEarly(request: FastifyRequest, reply: FastifyReply): boolean {
  return reply.getHeader('connection') === 'close' && !request.raw.complete
}
