import { addStatistics } from '../db/attempt-effects.ts'
import { type Database, databaseAway, isDatabaseAway } from '../db/database.ts'
import {
  cancelLockedDelivery,
  type CommandedDelivery,
  deliveryWorkspace,
  lockForCommand,
  readWebhookSwitch,
  releaseDelivery,
  requestRetry,
  requestRetryOfFailed,
} from '../db/delivery-commands.ts'
import { DomainError, notFound } from '../domain/errors.ts'
import type { DeliveryMessenger } from './ports.ts'

export interface DeliveryCommands {
  /** One attempt now (contract, rule 4). Throws `not_found`, `conflict`. */
  retry(workspaceId: string, deliveryId: string, options: { force: boolean }): Promise<void>
  /** Ends it as `cancelled` (rule 5). Throws `not_found`, `conflict` when it has succeeded. */
  cancel(workspaceId: string, deliveryId: string): Promise<void>
  /** Asks for a retry of every failed delivery of a webhook; answers how many. */
  retryFailed(workspaceId: string, webhookId: string): Promise<number>
  /** The same as `cancel` for whoever knows only the id: the delivery's own workflow. Never throws a DomainError. */
  cancelById(deliveryId: string): Promise<void>
}

export interface DeliveryCommandsDeps {
  database: Pick<Database, 'sql' | 'transaction'>
  /** Tells Temporal in the background; what does not arrive is repeated by the dispatchers. */
  messenger: DeliveryMessenger
}

/** One statement asks for so many, to stay far below its time limit. */
const RETRY_BATCH_MAX = 2_000

type RetryPlan = 'absorb' | 'release' | 'request'

export function createDeliveryCommands({ database, messenger }: DeliveryCommandsDeps): DeliveryCommands {
  async function retry(
    workspaceId: string,
    deliveryId: string,
    { force }: { force: boolean },
  ): Promise<void> {
    const asked = await database.transaction(async (sql) => {
      const delivery = await lockForCommand(sql, workspaceId, deliveryId)
      if (delivery === undefined) throw notFound('delivery')
      const plan = planRetry(delivery, force)
      if (plan === 'release') await releaseDelivery(sql, deliveryId)
      const requestedAt = plan === 'request' ? await requestRetry(sql, deliveryId) : null
      return { delivery, plan, requestedAt }
    })
    const address = {
      deliveryId,
      workspaceId,
      webhookId: asked.delivery.webhook_id,
      eventType: asked.delivery.event_type,
      attemptsMade: asked.delivery.attempt_count,
    }
    if (asked.plan === 'release') messenger.start(address)
    if (asked.requestedAt !== null) messenger.retry(address, asked.requestedAt.toISOString())
  }

  async function cancel(workspaceId: string, deliveryId: string): Promise<void> {
    const isEnded = await database.transaction(async (sql) => {
      const delivery = await lockForCommand(sql, workspaceId, deliveryId)
      if (delivery === undefined) throw notFound('delivery')
      if (delivery.state === 'succeeded')
        throw new DomainError('conflict', 'This delivery has succeeded; there is nothing left to cancel.')
      if (delivery.state === 'cancelled') return false
      await cancelLockedDelivery(sql, deliveryId)
      await addStatistics(sql, delivery.webhook_id, [
        { metric: 'cancelled', amount: 1, at: null },
        ...(delivery.state === 'failed' ? [{ metric: 'failed', amount: -1, at: delivery.settled_at }] : []),
      ])
      return true
    })
    if (isEnded) messenger.cancel(deliveryId)
  }

  async function retryFailed(workspaceId: string, webhookId: string): Promise<number> {
    const webhook = await readWebhookSwitch(database.sql, workspaceId, webhookId)
    if (webhook === undefined) throw notFound('webhook')
    if (!webhook.enabled) throw webhookOff()
    for (let count = 0; ;) {
      const asked = await requestRetryOfFailed(database.sql, workspaceId, webhookId, RETRY_BATCH_MAX)
      count += asked
      if (asked < RETRY_BATCH_MAX) return count
    }
  }

  return {
    retry: (workspaceId, deliveryId, options) => answering(retry(workspaceId, deliveryId, options)),
    cancel: (workspaceId, deliveryId) => answering(cancel(workspaceId, deliveryId)),
    retryFailed: (workspaceId, webhookId) => answering(retryFailed(workspaceId, webhookId)),
    cancelById: (deliveryId) => cancelById(database, cancel, deliveryId),
  }
}

async function cancelById(
  database: Pick<Database, 'sql'>,
  cancel: DeliveryCommands['cancel'],
  deliveryId: string,
): Promise<void> {
  const workspaceId = await deliveryWorkspace(database.sql, deliveryId)
  if (workspaceId === undefined) return
  try {
    await cancel(workspaceId, deliveryId)
  } catch (error) {
    if (!(error instanceof DomainError) || error.code === 'unavailable') throw error
  }
}

async function answering<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw isDatabaseAway(error) ? databaseAway(error) : error
  }
}

function planRetry(delivery: CommandedDelivery, force: boolean): RetryPlan {
  if (delivery.is_webhook_deleted)
    throw new DomainError(
      'conflict',
      'The webhook of this delivery was deleted, so it cannot be sent any more.',
    )
  if (!delivery.is_webhook_enabled) throw webhookOff()
  switch (delivery.state) {
    case 'succeeded':
      if (force) return 'request'
      throw new DomainError(
        'conflict',
        'This delivery has succeeded already. Send {"force": true} to deliver it once more all the same.',
      )
    case 'held':
      return 'release'
    case 'failed':
    case 'cancelled':
      return 'request'
    case 'pending': {
      const isBeforeFirst = delivery.attempt_count === 0 && delivery.deferred_until === null
      return isBeforeFirst || delivery.is_in_flight ? 'absorb' : 'request'
    }
  }
}

function webhookOff(): DomainError {
  return new DomainError('conflict', 'The webhook is disabled. Enable it, then retry.')
}
