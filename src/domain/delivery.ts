/** The words of a delivery's life; the contract's, used in the database, the API and the workflows alike. */

export const DELIVERY_STATES = ['pending', 'succeeded', 'failed', 'cancelled', 'held'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export const TRIGGERS = ['schedule', 'manual', 'replay', 'test'] as const
export type Trigger = (typeof TRIGGERS)[number]

export const WEBHOOK_STATUSES = ['enabled', 'disabled', 'failed'] as const
export type WebhookStatus = (typeof WEBHOOK_STATUSES)[number]

export const DISABLED_REASONS = ['user', 'gone', 'failing'] as const
export type DisabledReason = (typeof DISABLED_REASONS)[number]

export const ALERT_KINDS = ['exhausted', 'disabled'] as const
export type AlertKind = (typeof ALERT_KINDS)[number]

export const FIRST_ATTEMPTS = ['workflow', 'direct', 'auto'] as const
export type FirstAttempt = (typeof FIRST_ATTEMPTS)[number]

/** `disabled` wins over `failed`: who turned a webhook off must see that first. */
export function webhookStatus(webhook: { enabled: boolean; failedAt: Date | null }): WebhookStatus {
  if (!webhook.enabled) return 'disabled'
  return webhook.failedAt === null ? 'enabled' : 'failed'
}

/** How a delivery's workflow is called in Temporal; known without asking, so that the body can carry it. */
export function deliverWorkflowId(deliveryId: string): string {
  return `delivery-${deliveryId}`
}
