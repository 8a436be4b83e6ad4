import { Type } from 'typebox'

import { DELIVERY_STATES, FIRST_ATTEMPTS } from '../../domain/delivery.ts'
import { EVENT_TYPES } from '../../domain/event-types.ts'
import { AttemptModel } from './attempts.ts'
import { FailureName, Id, nullable, oneOf, PageQuery, pageOf, refTo, strictObject, Time } from './shared.ts'

export const EventTypeName = oneOf(
  EVENT_TYPES.map(({ name }) => name),
  { description: 'A name of the catalogue.', examples: ['task.created'] },
)

const deliveryMembers = {
  id: Id,
  eventId: Id,
  eventType: Type.String({ examples: ['task.created'] }),
  webhookId: Id,
  state: oneOf(DELIVERY_STATES),
  attemptCount: Type.Integer({ minimum: 0 }),
  stepsUsed: Type.Integer({ minimum: 0, description: 'Steps of the schedule that are used up.' }),
  steps: Type.Integer({ minimum: 1, description: 'Attempts that the schedule makes by itself.' }),
  nextAttemptAt: nullable(Time),
  deferredUntil: nullable(Time),
  retryRequestedAt: nullable(Time),
  lastFailure: nullable(FailureName),
  lastStatusCode: nullable(Type.Integer()),
  firstAttempt: oneOf(
    FIRST_ATTEMPTS.filter((name) => name !== 'auto'),
    { description: 'Whether the first attempt was left to the workflow, or made before it.' },
  ),
  temporalWorkflowId: Type.String({ examples: ['delivery-0197c1a2-3b4c-7d5e-8f60-718293a4b5c6'] }),
  createdAt: Time,
  settledAt: nullable(Time),
}

export const DeliveryModel = Type.Object(deliveryMembers, {
  $id: 'Delivery',
  description: 'One event on its way to one webhook.',
})

export const DeliveryDetailModel = Type.Object(
  { ...deliveryMembers, attempts: Type.Array(refTo(AttemptModel)) },
  { $id: 'DeliveryDetail', description: 'A delivery with its attempts, by number.' },
)

export const DeliveryPage = pageOf(refTo(DeliveryModel))

export const DeliveryQuery = strictObject({
  webhookId: Type.Optional(Id),
  state: Type.Optional(
    oneOf([...DELIVERY_STATES, 'retrying'] as const, {
      description: '`retrying`: pending, failed at least once, and to be tried again.',
    }),
  ),
  eventType: Type.Optional(EventTypeName),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  ...PageQuery,
})

export const RetryBody = strictObject({
  force: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Send one more attempt although the delivery has succeeded.',
    }),
  ),
})

export const EmptyBody = strictObject({})
