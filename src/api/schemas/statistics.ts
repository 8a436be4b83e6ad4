import { Type } from 'typebox'

import { FAILURES } from '../../domain/attempt-outcome.ts'
import { STATISTICS_WINDOWS } from '../../domain/statistics-window.ts'
import { nullable, oneOf, strictObject, Time } from './shared.ts'

export const StatisticsQuery = strictObject({
  window: Type.Optional(oneOf(STATISTICS_WINDOWS, { default: '24h' })),
})

const ResponseTimeMs = nullable(
  Type.Integer({ description: 'Milliseconds, at most 10 % above the true one.' }),
)
const PERCENTILES = { p50: ResponseTimeMs, p95: ResponseTimeMs, p99: ResponseTimeMs }

export const StatisticsModel = Type.Object(
  {
    window: oneOf(STATISTICS_WINDOWS),
    totals: Type.Object({
      pending: Type.Integer({ description: 'Now.' }),
      succeeded: Type.Integer(),
      failed: Type.Integer(),
      cancelled: Type.Integer(),
      held: Type.Integer({ description: 'Now.' }),
    }),
    successRate: nullable(Type.Number({ minimum: 0, maximum: 1 })),
    responseTimeMs: Type.Object(PERCENTILES),
    failures: Type.Object(
      Object.fromEntries(FAILURES.map((failure) => [failure, Type.Optional(Type.Integer())])),
    ),
    series: Type.Array(
      Type.Object({ at: Time, succeeded: Type.Integer(), failed: Type.Integer(), ...PERCENTILES }),
    ),
  },
  {
    $id: 'WebhookStatistics',
    description:
      'Totals, rate and series count deliveries settled in the window; failures and response times count attempts ended in it. Slots are hours (24h, 7d) or days (30d), UTC; the current one counts.',
  },
)
