import { Type } from 'typebox'

import { DELIVERY_STATES, DISABLED_REASONS, WEBHOOK_STATUSES } from '../../domain/delivery.ts'
import { SUBSCRIPTION_PATTERNS } from '../../domain/event-types.ts'
import { WAITS_MAX } from '../../domain/schedule.ts'
import { OVERLAP_HOURS_DEFAULT, OVERLAP_HOURS_MAX } from '../../usecases/webhook-secrets.ts'
import { AttemptModel } from './attempts.ts'
import {
  FailureName,
  Id,
  lineOfText,
  nullable,
  oneOf,
  PageQuery,
  refTo,
  strictObject,
  Time,
} from './shared.ts'

const DESCRIPTION_LENGTH_MAX = 1_000
const EVENTS_MAX = 100
const HEADERS_MAX = 100
const HEADER_VALUE_LENGTH_MAX = 8_192
const Q_LENGTH_MAX = 2_048
/** Longer ones are refused here; all else about a URL is judged by the rules for targets, with a better reason. */
const URL_LENGTH_MAX = 8_192

const Url = Type.String({
  minLength: 1,
  maxLength: URL_LENGTH_MAX,
  description: 'Where events are posted to: https, public, without credentials or fragment.',
  examples: ['https://hooks.example.com/in/42'],
})

const Events = Type.Array(Type.String({ maxLength: 100 }), {
  minItems: 1,
  maxItems: EVENTS_MAX,
  description: `Event types, groups or everything: ${SUBSCRIPTION_PATTERNS.map((pattern) => `\`${pattern}\``).join(', ')}.`,
  examples: [['task.*', 'project.created']],
})

const Schedule = Type.Unsafe<string | string[]>({
  type: ['string', 'array'],
  maxLength: 100,
  maxItems: WAITS_MAX * 2,
  items: { type: 'string', maxLength: 20 },
  description: `\`standard\`, \`short\`, or 1 to ${WAITS_MAX} waits of 1 s to 7 d, such as \`["1m","2h","7d"]\`.`,
  examples: ['standard', ['1m', '2h', '7d']],
})

const Headers = Type.Record(Type.String(), Type.String({ maxLength: HEADER_VALUE_LENGTH_MAX }), {
  maxProperties: HEADERS_MAX,
  description:
    'Added to every request. Values are secrets: answers show them as `••••`, which in a change means “as it is”.',
  examples: [{ authorization: 'Bearer 0123456789' }],
})

const TimeoutMs = Type.Integer({ minimum: 1_000, maximum: 30_000, description: 'Of one attempt in all.' })
const Concurrency = Type.Integer({
  minimum: 1,
  maximum: 100,
  description: 'Attempts in flight, per process that sends.',
})
const Description = lineOfText(DESCRIPTION_LENGTH_MAX, { minLength: 0 })
const GivenSecret = Type.String({
  maxLength: 1_024,
  description:
    '`whsec_` and the base64 of 24 to 64 bytes, or 16 to 256 visible ASCII characters. Made when left out.',
})

export const WebhookInputBody = strictObject({
  url: Url,
  events: Events,
  description: Type.Optional(nullable(Description)),
  enabled: Type.Optional(Type.Boolean({ default: true })),
  schedule: Type.Optional(Schedule),
  headers: Type.Optional(Headers),
  timeoutMs: Type.Optional(nullable(TimeoutMs)),
  concurrency: Type.Optional(Concurrency),
  secret: Type.Optional(GivenSecret),
})

export const WebhookChangeBody = strictObject({
  url: Type.Optional(Url),
  events: Type.Optional(Events),
  description: Type.Optional(nullable(Description)),
  enabled: Type.Optional(Type.Boolean()),
  sendHeld: Type.Optional(
    Type.Boolean({ description: 'With `enabled: true`: send what was held while the webhook was off.' }),
  ),
  schedule: Type.Optional(Schedule),
  headers: Type.Optional(Headers),
  timeoutMs: Type.Optional(nullable(TimeoutMs)),
  concurrency: Type.Optional(Concurrency),
})

export const CheckUrlBody = strictObject({ url: Url })

export const RotationBody = strictObject({
  secret: Type.Optional(GivenSecret),
  overlapHours: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: OVERLAP_HOURS_MAX,
      default: OVERLAP_HOURS_DEFAULT,
      description: 'How long the secret before still signs; 0 revokes all but the new one now.',
    }),
  ),
})

export const TestBody = strictObject({
  type: Type.Optional(
    Type.String({
      maxLength: 100,
      description: 'Of the sample; by default the first that the webhook is subscribed to.',
    }),
  ),
})

export const WebhookListQuery = strictObject({
  ...PageQuery,
  status: Type.Optional(oneOf(WEBHOOK_STATUSES)),
  eventType: Type.Optional(
    Type.String({ maxLength: 100, description: 'Webhooks that get events of this type or group.' }),
  ),
  q: Type.Optional(lineOfText(Q_LENGTH_MAX, { description: 'Part of the URL or the description.' })),
})

const DayStatistics = Type.Object({
  succeeded: Type.Integer(),
  failed: Type.Integer(),
  successRate: nullable(Type.Number({ minimum: 0, maximum: 1 })),
  p95ResponseTimeMs: nullable(Type.Integer()),
  series: Type.Array(Type.Object({ at: Time, succeeded: Type.Integer(), failed: Type.Integer() })),
})

const LastDelivery = Type.Object({
  id: Id,
  state: oneOf(DELIVERY_STATES),
  at: Time,
  lastFailure: nullable(FailureName),
  lastStatusCode: nullable(Type.Integer()),
})

const WEBHOOK_MEMBERS = {
  id: Id,
  url: Type.String(),
  description: nullable(Type.String()),
  events: Type.Array(Type.String()),
  enabled: Type.Boolean(),
  status: oneOf(WEBHOOK_STATUSES, {
    description: '`failed` lasts from an exhausted delivery until the next success; `disabled` wins over it.',
  }),
  disabledReason: nullable(oneOf(DISABLED_REASONS)),
  disabledAt: nullable(Time),
  disabledBy: nullable(Type.String()),
  schedule: Type.Unsafe<string | readonly string[]>({ type: ['string', 'array'], items: { type: 'string' } }),
  waits: Type.Array(Type.String()),
  headers: Type.Record(Type.String(), Type.String({ description: 'Masked.' })),
  timeoutMs: Type.Integer(),
  concurrency: Type.Integer(),
  breaker: Type.Object(
    { state: oneOf(['open', 'closed']), openedAt: nullable(Time) },
    {
      description:
        '`open` after 10 different deliveries failed in a row: attempts go out one at a time until one is accepted.',
    },
  ),
  heldCount: Type.Integer({ description: 'Deliveries kept while the webhook was off.' }),
  openCount: Type.Integer({ description: 'Deliveries that are pending.' }),
  stats24h: DayStatistics,
  lastDelivery: nullable(LastDelivery),
  createdAt: Time,
  updatedAt: Time,
}

export const WebhookModel = Type.Object(WEBHOOK_MEMBERS, { $id: 'Webhook' })

const ShownSecret = Type.String({ description: 'What requests are signed with; shown only here.' })

export const NewWebhookModel = Type.Object({ ...WEBHOOK_MEMBERS, secret: ShownSecret }, { $id: 'NewWebhook' })

export const RotatedWebhookModel = Type.Object(
  {
    ...WEBHOOK_MEMBERS,
    secret: ShownSecret,
    previousSecretExpiresAt: nullable(Time),
  },
  { $id: 'RotatedWebhook' },
)

export const RevealedSecret = Type.Object({ secret: ShownSecret, createdAt: Time })
export const TestResult = Type.Object({ attempt: refTo(AttemptModel) })
export const RetriedCount = Type.Object({ count: Type.Integer({ minimum: 0 }) })
