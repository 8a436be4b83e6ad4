import { Type } from 'typebox'

import { DELIVERY_STATES } from '../../domain/delivery.ts'
import type { RawJson } from '../raw-json.ts'
import { EventTypeName } from './deliveries.ts'
import { Id, lineOfText, nullable, oneOf, PageQuery, pageOf, refTo, strictObject, Time } from './shared.ts'

export const IDEMPOTENCY_KEY_LENGTH_MAX = 255

const Data = Type.Unsafe<RawJson>({
  type: 'object',
  description: 'Any JSON object. Receivers get it byte for byte as it was sent.',
  examples: [{ id: 'task_8f14e45f', title: 'Order the steel' }],
})

const IdempotencyKey = Type.String({
  minLength: 1,
  maxLength: IDEMPOTENCY_KEY_LENGTH_MAX,
  pattern: '^[\\x21-\\x7e]+$',
  description: 'Visible ASCII characters. The same key within 24 hours stands for the same event.',
})

const published = {
  type: EventTypeName,
  data: Data,
  workflowId: Type.Optional(
    nullable(lineOfText(256, { description: 'Your own name for what this belongs to.' })),
  ),
  timestamp: Type.Optional(Time),
  idempotencyKey: Type.Optional(IdempotencyKey),
}

export const PublishBody = strictObject(published, { $id: 'PublishEvent' })

export const BATCH_EVENTS_MAX = 1_000

export const PublishBatchBody = strictObject(
  { events: Type.Array(refTo(PublishBody), { minItems: 1, maxItems: BATCH_EVENTS_MAX }) },
  { $id: 'PublishEvents' },
)

export const PublishedModel = Type.Object(
  { id: Id, deliveries: Type.Integer({ minimum: 0, description: 'How many webhooks it is on its way to.' }) },
  { $id: 'PublishedEvent' },
)

export const PublishedBatchModel = Type.Object(
  { data: Type.Array(refTo(PublishedModel)) },
  { $id: 'PublishedEvents', description: 'One result per event, in their order.' },
)

export const EventModel = Type.Object(
  {
    id: Id,
    type: Type.String({ examples: ['task.created'] }),
    workflowId: nullable(Type.String()),
    timestamp: Time,
    createdAt: Time,
    data: Type.Object({}, { additionalProperties: true }),
    deliveries: Type.Array(Type.Object({ id: Id, webhookId: Id, state: oneOf(DELIVERY_STATES) })),
  },
  { $id: 'Event', description: 'Something that happened, and where each of its deliveries stands.' },
)

export const EventPage = pageOf(refTo(EventModel))

export const EventQuery = strictObject({
  eventType: Type.Optional(EventTypeName),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  ...PageQuery,
})
