import { Type } from 'typebox'

import { ALERT_KINDS } from '../../domain/delivery.ts'
import { FailureName, Id, nullable, oneOf, PageQuery, strictObject, Time } from './shared.ts'

const ALERT_STATES = ['open', 'closed'] as const

export const AlertListQuery = strictObject({
  ...PageQuery,
  state: Type.Optional(oneOf(ALERT_STATES)),
  webhookId: Type.Optional(Id),
})

export const AlertModel = Type.Object(
  {
    id: Id,
    webhookId: Id,
    kind: oneOf(ALERT_KINDS),
    state: oneOf(ALERT_STATES),
    count: Type.Integer({ minimum: 1, description: 'Exhausted deliveries since it opened.' }),
    deliveryId: nullable(Id),
    eventType: nullable(Type.String()),
    lastFailure: nullable(FailureName),
    lastStatusCode: nullable(Type.Integer()),
    openedAt: Time,
    acknowledgedAt: nullable(Time),
    closedAt: nullable(Time),
    emailedAt: nullable(Time),
  },
  { $id: 'Alert' },
)
