import type { Static } from 'typebox'

import type { Alert } from '../../db/schema.ts'
import type { Alerts } from '../../usecases/alerts.ts'
import type { App } from '../app-type.ts'
import { readPageRequest, toPage } from '../paging.ts'
import { AlertListQuery, AlertModel } from '../schemas/alerts.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import { EmptyBody } from '../schemas/deliveries.ts'
import { IdParams, pageOf, refTo } from '../schemas/shared.ts'
import { showTime, showTimeOrNull } from '../times.ts'

const tags = ['Alerts']

export function alertRoutes(app: App, { alerts }: { alerts: Alerts }): void {
  app.get(
    '/alerts',
    {
      config: { scope: 'alert:read' },
      schema: {
        operationId: 'listAlerts',
        summary: 'List alerts',
        tags,
        querystring: AlertListQuery,
        response: answers({ 200: { description: 'Newest first.', schema: pageOf(refTo(AlertModel)) } }),
      },
    },
    async ({ caller, query }) => {
      const page = readPageRequest(query)
      const { state, webhookId } = query
      return toPage(await alerts.list(caller.workspaceId, { state, webhookId }, page), page.limit, showAlert)
    },
  )

  app.post(
    '/alerts/:id/acknowledge',
    {
      config: { scope: 'alert:write' },
      schema: {
        operationId: 'acknowledgeAlert',
        summary: 'Take note of an alert',
        description: 'Only sets `acknowledgedAt`; repeating it changes nothing.',
        tags,
        params: IdParams,
        body: EmptyBody,
        response: answers({ 200: { description: 'As it is now.', schema: refTo(AlertModel) } }, [
          ...BODY_PROBLEMS,
          404,
          409,
        ]),
      },
    },
    async ({ caller, params }) => showAlert(await alerts.acknowledge(caller, params.id)),
  )
}

function showAlert(alert: Alert): Static<typeof AlertModel> {
  return {
    id: alert.id,
    webhookId: alert.webhookId,
    kind: alert.kind,
    state: alert.state,
    count: alert.count,
    deliveryId: alert.deliveryId ?? null,
    eventType: alert.eventType ?? null,
    lastFailure: alert.lastFailure ?? null,
    lastStatusCode: alert.lastStatusCode ?? null,
    openedAt: showTime(alert.openedAt),
    acknowledgedAt: showTimeOrNull(alert.acknowledgedAt),
    closedAt: showTimeOrNull(alert.closedAt),
    emailedAt: showTimeOrNull(alert.emailedAt),
  }
}
