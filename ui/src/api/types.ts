import type { components, operations } from './schema.d.ts'

// Short names for what the API takes and answers. All of it is generated; nothing here is described by hand.
type Schemas = components['schemas']

export type Webhook = Schemas['Webhook']
export type NewWebhook = Schemas['NewWebhook']
export type Attempt = Schemas['Attempt']
export type Delivery = Schemas['Delivery']
export type DeliveryWithAttempts = Schemas['DeliveryDetail']
export type Stats = Schemas['WebhookStatistics']
export type Alert = Schemas['Alert']
export type ApiKey = Schemas['ApiKey']
export type AuditEntry = Schemas['AuditEntry']
export type Session = Schemas['Session']

export type Failure = NonNullable<Attempt['failure']>
export type StatsWindow = Stats['window']
export type Schedule = Webhook['schedule']

type Answer<O extends { responses: { 200: { content: { 'application/json': unknown } } } }> =
  O['responses'][200]['content']['application/json']
type Body<O extends { requestBody: { content: { 'application/json': unknown } } }> =
  O['requestBody']['content']['application/json']

export type EventType = Answer<operations['listEventTypes']>['data'][number]
export type DeliveryPage = Answer<operations['listDeliveries']>

export type WebhookFilter = NonNullable<operations['listWebhooks']['parameters']['query']>
export type DeliveryFilter = NonNullable<operations['listDeliveries']['parameters']['query']>
export type AlertFilter = NonNullable<operations['listAlerts']['parameters']['query']>

export type WebhookInput = Body<operations['createWebhook']>
export type WebhookPatch = Body<operations['changeWebhook']>
export type ApiKeyInput = Body<operations['createApiKey']>
