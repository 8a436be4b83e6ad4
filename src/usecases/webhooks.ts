import { createWebhookChanger, type WebhookChanger } from './change-webhooks.ts'
import { createWebhookReader, type WebhookReader } from './read-webhooks.ts'
import type { WebhookDeps } from './webhook-deps.ts'
import { createWebhookSecrets, type WebhookSecrets } from './webhook-secrets.ts'

/** Everything that can be done to a webhook but sending to it. */
export interface Webhooks {
  reader: WebhookReader
  changer: WebhookChanger
  secrets: WebhookSecrets
}

export function createWebhooks(deps: WebhookDeps): Webhooks {
  return {
    reader: createWebhookReader(deps),
    changer: createWebhookChanger(deps),
    secrets: createWebhookSecrets(deps),
  }
}
