import type { Webhooks } from '../../usecases/webhooks.ts'
import type { App } from '../app-type.ts'
import { checkIfMatch } from '../etag.ts'
import { readPageRequest, toPage } from '../paging.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import { IdParams, IfMatchHeader, pageOf, refTo } from '../schemas/shared.ts'
import {
  CheckUrlBody,
  NewWebhookModel,
  WebhookChangeBody,
  WebhookInputBody,
  WebhookListQuery,
  WebhookModel,
} from '../schemas/webhooks.ts'
import { showWebhook } from '../webhook-view.ts'

const tags = ['Webhooks']

export function webhookRoutes(app: App, deps: { webhooks: Webhooks }): void {
  readingRoutes(app, deps.webhooks)
  creatingRoutes(app, deps.webhooks)
  changingRoutes(app, deps.webhooks)
}

function readingRoutes(app: App, { reader }: Webhooks): void {
  app.get(
    '/webhooks',
    {
      config: { scope: 'webhook:read' },
      schema: {
        operationId: 'listWebhooks',
        summary: 'List webhooks, each with its last 24 hours',
        tags,
        querystring: WebhookListQuery,
        response: answers({ 200: { description: 'Newest first.', schema: pageOf(refTo(WebhookModel)) } }),
      },
    },
    async ({ caller, query }) => {
      const page = readPageRequest(query)
      const { status, eventType, q: text } = query
      const views = await reader.list(caller.workspaceId, { status, eventType, text }, page)
      return toPage(views, page.limit, showWebhook)
    },
  )

  app.get(
    '/webhooks/:id',
    {
      config: { scope: 'webhook:read' },
      schema: {
        operationId: 'getWebhook',
        summary: 'Get a webhook',
        tags,
        params: IdParams,
        response: answers(
          { 200: { description: 'Its `ETag` goes into `If-Match`.', schema: refTo(WebhookModel) } },
          [404],
        ),
      },
    },
    async ({ caller, params }, reply) => {
      const view = await reader.get(caller.workspaceId, params.id)
      return reply.header('etag', tagOf(view.version)).send(showWebhook(view))
    },
  )
}

function creatingRoutes(app: App, { reader, changer }: Webhooks): void {
  app.post(
    '/webhooks',
    {
      config: { scope: 'webhook:write', answersSecret: true },
      schema: {
        operationId: 'createWebhook',
        summary: 'Create a webhook',
        tags,
        body: WebhookInputBody,
        response: answers(
          { 201: { description: 'The secret is shown this once.', schema: refTo(NewWebhookModel) } },
          [...BODY_PROBLEMS, 409],
        ),
      },
    },
    async ({ caller, body }, reply) => {
      const { id, secret } = await changer.create(caller, body)
      const view = await reader.get(caller.workspaceId, id)
      const answer = { ...showWebhook(view), secret: secret.reveal() }
      return reply
        .code(201)
        .headers({
          location: `/api/v1/webhooks/${id}`,
          etag: tagOf(view.version),
          'cache-control': 'no-store',
        })
        .send(answer)
    },
  )

  app.post(
    '/webhooks/check-url',
    {
      config: { scope: 'webhook:write' },
      schema: {
        operationId: 'checkWebhookUrl',
        summary: 'Check whether a URL would be accepted',
        tags,
        body: CheckUrlBody,
        response: answers({ 204: { description: 'It would be accepted.' } }, [...BODY_PROBLEMS, 409]),
      },
    },
    async ({ body }, reply) => {
      changer.checkUrl(body.url)
      return reply.code(204).send()
    },
  )
}

function changingRoutes(app: App, { reader, changer }: Webhooks): void {
  app.patch(
    '/webhooks/:id',
    {
      config: { scope: 'webhook:write' },
      schema: {
        operationId: 'changeWebhook',
        summary: 'Change a webhook',
        description:
          'Takes any of the members. With `If-Match` it is refused when the webhook has changed meanwhile.',
        tags,
        params: IdParams,
        headers: IfMatchHeader,
        body: WebhookChangeBody,
        response: answers({ 200: { description: 'As it is now.', schema: refTo(WebhookModel) } }, [
          ...BODY_PROBLEMS,
          404,
          412,
        ]),
      },
    },
    async ({ caller, params, body, headers }, reply) => {
      await changer.change(caller, params.id, body, expecting(headers['if-match']))
      const view = await reader.get(caller.workspaceId, params.id)
      return reply.header('etag', tagOf(view.version)).send(showWebhook(view))
    },
  )

  app.delete(
    '/webhooks/:id',
    {
      config: { scope: 'webhook:write' },
      schema: {
        operationId: 'deleteWebhook',
        summary: 'Delete a webhook; its open deliveries are cancelled',
        tags,
        params: IdParams,
        response: answers(
          { 204: { description: 'It is gone; its deliveries can still be read.' } },
          [404, 412],
        ),
      },
    },
    async ({ caller, params, headers }, reply) => {
      await changer.delete(caller, params.id, expecting(headers['if-match']))
      return reply.code(204).send()
    },
  )
}

/** The version stands for the whole object: whatever its owner can change makes a new one. */
function tagOf(version: number): string {
  return `"v${version}"`
}

function expecting(ifMatch: string | undefined): (version: number) => void {
  return (version) => checkIfMatch(ifMatch, tagOf(version))
}
