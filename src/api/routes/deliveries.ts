import { getDelivery, listDeliveries } from '../../usecases/read-deliveries.ts'
import type { AppDeps } from '../app-deps.ts'
import type { App } from '../app-type.ts'
import { showDelivery, showDeliveryDetail } from '../delivery-view.ts'
import { readPageRequest, toPage } from '../paging.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import {
  DeliveryDetailModel,
  DeliveryModel,
  DeliveryPage,
  DeliveryQuery,
  EmptyBody,
  RetryBody,
} from '../schemas/deliveries.ts'
import { IdParams, refTo } from '../schemas/shared.ts'
import { readTimeRange } from '../times.ts'

type DeliveryRouteDeps = Pick<AppDeps, 'database' | 'deliveryCommands'>

const tags = ['Deliveries']

export function deliveryRoutes(app: App, deps: DeliveryRouteDeps): void {
  app.get(
    '/deliveries',
    {
      config: { scope: 'webhook:read' },
      schema: {
        operationId: 'listDeliveries',
        summary: 'List deliveries',
        description: 'Newest first. `from` is inclusive, `to` exclusive.',
        tags,
        querystring: DeliveryQuery,
        response: answers({ 200: { description: 'A page of deliveries.', schema: DeliveryPage } }),
      },
    },
    async ({ query, caller }) => {
      const page = readPageRequest(query)
      const { webhookId = null, state = null, eventType = null } = query
      const filter = { webhookId, state, eventType, ...readTimeRange(query) }
      return toPage(await listDeliveries(deps, caller.workspaceId, filter, page), page.limit, showDelivery)
    },
  )

  app.get(
    '/deliveries/:id',
    {
      config: { scope: 'webhook:read' },
      schema: {
        operationId: 'getDelivery',
        summary: 'Get a delivery with its attempts',
        tags,
        params: IdParams,
        response: answers(
          { 200: { description: 'The delivery.', schema: refTo(DeliveryDetailModel) } },
          [404],
        ),
      },
    },
    async ({ params, caller }) => showDeliveryDetail(await getDelivery(deps, caller.workspaceId, params.id)),
  )

  addRetry(app, deps)
  addCancel(app, deps)
}

function addRetry(app: App, deps: DeliveryRouteDeps): void {
  app.post(
    '/deliveries/:id/retry',
    {
      config: { scope: 'delivery:retry' },
      schema: {
        operationId: 'retryDelivery',
        summary: 'Attempt a delivery now',
        description:
          'Makes one attempt at once and uses up no step of the schedule. 409 when its webhook is disabled or deleted, ' +
          'and when it has succeeded, unless `force` is true.',
        tags,
        params: IdParams,
        body: RetryBody,
        response: answers({ 202: { description: 'The retry is committed.', schema: refTo(DeliveryModel) } }, [
          404,
          409,
          ...BODY_PROBLEMS,
        ]),
      },
    },
    async ({ params, body, caller }, reply) => {
      await deps.deliveryCommands.retry(caller.workspaceId, params.id, { force: body.force ?? false })
      return reply.code(202).send(showDelivery(await getDelivery(deps, caller.workspaceId, params.id)))
    },
  )
}

function addCancel(app: App, deps: DeliveryRouteDeps): void {
  app.post(
    '/deliveries/:id/cancel',
    {
      config: { scope: 'delivery:retry' },
      schema: {
        operationId: 'cancelDelivery',
        summary: 'End a delivery as cancelled',
        description:
          'Works on any open, held or failed delivery, also when repeated. 409 when it has succeeded.',
        tags,
        params: IdParams,
        body: EmptyBody,
        response: answers({ 200: { description: 'The cancelled delivery.', schema: refTo(DeliveryModel) } }, [
          404,
          409,
          ...BODY_PROBLEMS,
        ]),
      },
    },
    async ({ params, caller }) => {
      await deps.deliveryCommands.cancel(caller.workspaceId, params.id)
      return showDelivery(await getDelivery(deps, caller.workspaceId, params.id))
    },
  )
}
