import { defineEntity, type InferEntity, p } from '@mikro-orm/core'

import type { AlertKind, DeliveryState, DisabledReason, FirstAttempt, Trigger } from '../domain/delivery.ts'
import type { Failure } from '../domain/attempt-outcome.ts'
import type { Scope } from '../domain/scopes.ts'

const time = () => p.datetime(3)
const json = <T>() => p.json().$type<T>()

/** The tenant: every other row belongs to one. */
export const Workspace = defineEntity({
  name: 'Workspace',
  tableName: 'workspace',
  properties: {
    id: p.uuid().primary(),
    name: p.text(),
    alertEmails: p.array().$type<string[]>(),
    createdAt: time().onCreate(() => new Date()),
    updatedAt: time()
      .onCreate(() => new Date())
      .onUpdate(() => new Date()),
  },
})
export type Workspace = InferEntity<typeof Workspace>

export const ApiKey = defineEntity({
  name: 'ApiKey',
  tableName: 'api_key',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    name: p.text(),
    scopes: p.array().$type<Scope[]>(),
    secretHash: p.blob(),
    createdAt: time().onCreate(() => new Date()),
    createdBy: p.text().nullable(),
    expiresAt: time().nullable(),
    lastUsedAt: time().nullable(),
    revokedAt: time().nullable(),
  },
})
export type ApiKey = InferEntity<typeof ApiKey>

export const PortalSession = defineEntity({
  name: 'PortalSession',
  tableName: 'portal_session',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    keyId: p.uuid().nullable(),
    actor: p.text(),
    permissions: p.array().$type<Scope[]>(),
    codeHash: p.blob().nullable(),
    codeExpiresAt: time().nullable(),
    sessionHash: p.blob().nullable(),
    createdAt: time().onCreate(() => new Date()),
    lastSeenAt: time().nullable(),
    expiresAt: time(),
    revokedAt: time().nullable(),
  },
})
export type PortalSession = InferEntity<typeof PortalSession>

/** A subscription. `version` counts every change of what an attempt reads, secrets included. */
export const Webhook = defineEntity({
  name: 'Webhook',
  tableName: 'webhook',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    url: p.text(),
    description: p.text().nullable(),
    events: p.array().$type<string[]>(),
    enabled: p.boolean().default(true),
    disabledReason: p.text().$type<DisabledReason>().nullable(),
    disabledAt: time().nullable(),
    disabledBy: p.text().nullable(),
    failedAt: time().nullable(),
    failingSince: time().nullable(),
    breakerOpenedAt: time().nullable(),
    schedule: p.text(),
    headersEncrypted: p.text().nullable(),
    headerNames: p.array().$type<string[]>(),
    timeoutMs: p.integer().nullable(),
    concurrency: p.integer().default(8),
    version: p.integer().default(1),
    createdAt: time().onCreate(() => new Date()),
    updatedAt: time().onCreate(() => new Date()),
    deletedAt: time().nullable(),
  },
})
export type Webhook = InferEntity<typeof Webhook>

export const WebhookSecret = defineEntity({
  name: 'WebhookSecret',
  tableName: 'webhook_secret',
  properties: {
    id: p.uuid().primary(),
    webhookId: p.uuid(),
    workspaceId: p.uuid(),
    secretEncrypted: p.text(),
    keyId: p.text(),
    createdAt: time().onCreate(() => new Date()),
    expiresAt: time().nullable(),
  },
})
export type WebhookSecret = InferEntity<typeof WebhookSecret>

export const Event = defineEntity({
  name: 'Event',
  tableName: 'event',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    type: p.text(),
    workflowId: p.text().nullable(),
    timestamp: time(),
    createdAt: time(),
    payload: p.text(),
  },
})
export type Event = InferEntity<typeof Event>

export const WebhookDelivery = defineEntity({
  name: 'WebhookDelivery',
  tableName: 'webhook_delivery',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    webhookId: p.uuid(),
    eventId: p.uuid(),
    eventType: p.text(),
    state: p.text().$type<DeliveryState>(),
    trigger: p.text().$type<Trigger>(),
    attemptCount: p.integer(),
    stepsUsed: p.integer(),
    nextAttemptAt: time().nullable(),
    deferredUntil: time().nullable(),
    retryRequestedAt: time().nullable(),
    dispatchAt: time().nullable(),
    dispatchTries: p.smallint(),
    inFlightNumber: p.integer().nullable(),
    inFlightToken: p.text().nullable(),
    inFlightTrigger: p.text().$type<Trigger>().nullable(),
    inFlightSince: time().nullable(),
    inFlightUntil: time().nullable(),
    firstAttempt: p.text().$type<FirstAttempt>(),
    lastFailure: p.text().$type<Failure>().nullable(),
    lastStatusCode: p.integer().nullable(),
    createdAt: time(),
    settledAt: time().nullable(),
  },
})
export type WebhookDelivery = InferEntity<typeof WebhookDelivery>

/** One POST. `responseHeaders` holds JSON text, `requestHeaders` the mark that `showStoredHeaders` reads. */
export const DeliveryAttempt = defineEntity({
  name: 'DeliveryAttempt',
  tableName: 'delivery_attempt',
  properties: {
    deliveryId: p.uuid().primary(),
    number: p.integer().primary(),
    workspaceId: p.uuid(),
    trigger: p.text().$type<Trigger>(),
    startedAt: time(),
    statusCode: p.integer().nullable(),
    responseTimeMs: p.integer().nullable(),
    responseBody: p.text().nullable(),
    responseBodyTruncated: p.boolean(),
    responseHeaders: p.text().nullable(),
    requestHeaders: p.text().nullable(),
    dnsMs: p.float().nullable(),
    connectMs: p.float().nullable(),
    tlsMs: p.float().nullable(),
    firstByteMs: p.float().nullable(),
    remoteAddress: p.text().nullable(),
    failure: p.text().$type<Failure>().nullable(),
    nextAttemptAt: time().nullable(),
  },
})
export type DeliveryAttempt = InferEntity<typeof DeliveryAttempt>

export const Alert = defineEntity({
  name: 'Alert',
  tableName: 'alert',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    webhookId: p.uuid(),
    kind: p.text().$type<AlertKind>(),
    state: p.text().$type<'open' | 'closed'>(),
    count: p.integer(),
    deliveryId: p.uuid().nullable(),
    eventType: p.text().nullable(),
    lastFailure: p.text().$type<Failure>().nullable(),
    lastStatusCode: p.integer().nullable(),
    openedAt: time(),
    acknowledgedAt: time().nullable(),
    closedAt: time().nullable(),
    emailedAt: time().nullable(),
    openNoticeDueAt: time().nullable(),
    closeNoticeDueAt: time().nullable(),
    noticeTries: p.integer(),
  },
})
export type Alert = InferEntity<typeof Alert>

export const AuditEntry = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_entry',
  properties: {
    id: p.uuid().primary(),
    workspaceId: p.uuid(),
    at: time().onCreate(() => new Date()),
    actor: p.text(),
    action: p.text(),
    objectType: p.text(),
    objectId: p.text(),
    detail: json<Record<string, unknown>>(),
  },
})
export type AuditEntry = InferEntity<typeof AuditEntry>

export const entities = [
  Workspace,
  ApiKey,
  PortalSession,
  Webhook,
  WebhookSecret,
  Event,
  WebhookDelivery,
  DeliveryAttempt,
  Alert,
  AuditEntry,
]
