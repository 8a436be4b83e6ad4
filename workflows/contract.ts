import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { defineQuery, defineSignal } from '@temporalio/workflow'

import type { DeliveryState } from '../src/domain/delivery.ts'

/** What clients, workers and operators of Temporal rely on. Everything here is ids, numbers and enums: see deliver.ts. */

export const TASK_QUEUE = 'postrider'

/** The workflow's type; the function of that name is in deliver.ts. */
export const DELIVER = 'deliver'

/** How long an exhausted delivery waits for a manual retry when its start says nothing else: 7 days. */
export const RETRY_SIGNAL_WAIT_MS = 7 * 86_400_000

export interface DeliverInput {
  deliveryId: string
  /** Attempts made before this run, for the query; the row knows the truth. */
  attemptsMade?: number
  /** Whether the first attempt may be made as a local activity, because the webhook is healthy and quick. */
  quick?: boolean
  /** How long to wait for a manual retry after exhaustion, in milliseconds. */
  retrySignalWaitMs?: number
  /** Where the run begins when whoever starts it knows the wait that is left; otherwise it asks the row. */
  waiting?: DeliverWait
  /** Set by continue-as-new only: where the run before this one stood. */
  resume?: DeliverResume
}

export interface DeliverWait {
  /** Counted from the run's start. */
  waitMs: number
  stepsUsed: number
  /** Null until the row has told. */
  steps: number | null
}

export interface DeliverResume {
  standing: Standing
  stepsUsed: number | null
  steps: number | null
}

/** What a run knows about its delivery. Times are milliseconds of the workflow's clock. */
export type Standing =
  /** Nothing yet: the row has not been asked. */
  | { kind: 'new' }
  /** The next attempt falls due at this time. */
  | { kind: 'waiting'; dueAt: number }
  /** Nothing more falls due by itself; `failed` listens for a manual retry until `closesAt`. */
  | { kind: 'settled'; state: DeliveryState; closesAt: number }

/** A manual retry. From the API it carries the request's time as stored in the row; an operator sends none. */
export const retryNow = defineSignal<[request?: { requestedAt: string }]>('retryNow')

/** Ends the delivery as `cancelled`; an attempt in flight is finished and recorded first. */
export const cancelDelivery = defineSignal('cancelDelivery')

export interface DeliverProgress {
  state: DeliveryState
  attemptsMade: number
  /** ISO 8601, UTC; null when nothing falls due by itself. */
  nextAttemptAt: string | null
  /** Steps of the schedule used and in all; null until the row has told. */
  stepsUsed: number | null
  steps: number | null
}

export const progress = defineQuery<DeliverProgress>('progress')

export const workspaceIdAttribute = defineSearchAttributeKey(
  'PostriderWorkspaceId',
  SearchAttributeType.KEYWORD,
)
export const webhookIdAttribute = defineSearchAttributeKey('PostriderWebhookId', SearchAttributeType.KEYWORD)
export const eventTypeAttribute = defineSearchAttributeKey('PostriderEventType', SearchAttributeType.KEYWORD)
export const stateAttribute = defineSearchAttributeKey('PostriderState', SearchAttributeType.KEYWORD)
/** `PostriderState` of a delivery that waits for a further attempt. */
export const RETRYING = 'retrying'

/** All search attributes that must be registered in the namespace; each is a Keyword. */
export const SEARCH_ATTRIBUTE_NAMES: readonly string[] = [
  workspaceIdAttribute.name,
  webhookIdAttribute.name,
  eventTypeAttribute.name,
  stateAttribute.name,
]
