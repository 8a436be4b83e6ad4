import type { Webhooks } from '../../usecases/webhooks.ts'
import type { App } from '../app-type.ts'
import { answers } from '../schemas/answers.ts'
import { IdParams, refTo } from '../schemas/shared.ts'
import { StatisticsModel, StatisticsQuery } from '../schemas/statistics.ts'
import { showTime } from '../times.ts'

export function statisticsRoutes(app: App, deps: { webhooks: Pick<Webhooks, 'reader'> }): void {
  app.get(
    '/webhooks/:id/stats',
    {
      config: { scope: 'webhook:read' },
      schema: {
        operationId: 'getWebhookStatistics',
        summary: 'Statistics of a webhook',
        tags: ['Webhooks'],
        params: IdParams,
        querystring: StatisticsQuery,
        response: answers(
          { 200: { description: 'Tests are not counted.', schema: refTo(StatisticsModel) } },
          [404],
        ),
      },
    },
    async ({ caller, params, query }) => {
      const window = query.window ?? '24h'
      const { series, ...sums } = await deps.webhooks.reader.statistics(caller.workspaceId, params.id, window)
      return { ...sums, series: series.map(({ at, ...slot }) => ({ at: showTime(at), ...slot })) }
    },
  )
}
