import type { TSchema } from 'typebox'

import { AlertModel } from './alerts.ts'
import { ApiKeyModel, NewApiKeyModel } from './api-keys.ts'
import { AuditEntryModel } from './audit-log.ts'
import { AttemptModel } from './attempts.ts'
import { DeliveryDetailModel, DeliveryModel } from './deliveries.ts'
import { EventModel, PublishBatchBody, PublishBody, PublishedBatchModel, PublishedModel } from './events.ts'
import { PortalLinkModel, SessionModel } from './portal-sessions.ts'
import { ProblemModel } from './shared.ts'
import { StatisticsModel } from './statistics.ts'
import { NewWebhookModel, RotatedWebhookModel, WebhookModel } from './webhooks.ts'
import { NewWorkspaceModel, WorkspaceModel } from './workspaces.ts'

/** Every schema with a `$id`: OpenAPI shows each once, under this name. One that refers to another comes after it. */
export const MODELS: readonly TSchema[] = [
  ProblemModel,
  AttemptModel,
  DeliveryModel,
  DeliveryDetailModel,
  PublishBody,
  PublishBatchBody,
  PublishedModel,
  PublishedBatchModel,
  EventModel,
  WebhookModel,
  NewWebhookModel,
  RotatedWebhookModel,
  StatisticsModel,
  AlertModel,
  ApiKeyModel,
  NewApiKeyModel,
  WorkspaceModel,
  NewWorkspaceModel,
  AuditEntryModel,
  PortalLinkModel,
  SessionModel,
]
