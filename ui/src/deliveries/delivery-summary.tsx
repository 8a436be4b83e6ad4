import type { DeliveryWithAttempts, Webhook } from '../api/types.ts'
import { StateBadge } from '../parts/badge.tsx'
import { useNow } from '../parts/now.ts'
import { shownState, stateSentence } from '../text/delivery-state.ts'
import { failureSentence } from '../text/failure.ts'
import { hostOf } from '../text/url.ts'

/** The cause of the last failure in words, then what the state means and what to do. */
export function DeliverySummary({ delivery, webhook }: { delivery: DeliveryWithAttempts; webhook: Webhook }) {
  const nowMs = useNow()
  const state = shownState(delivery)
  return (
    <div className="pr-summary" data-state={state}>
      <div className="pr-summary-head">
        <StateBadge state={state} />
        <span className="pr-mono">{delivery.eventType}</span>
      </div>
      {state !== 'succeeded' && delivery.lastFailure !== null && <p>{cause(delivery, webhook)}</p>}
      <p>{stateSentence(delivery, true, nowMs)}</p>
    </div>
  )
}

function cause(delivery: DeliveryWithAttempts, webhook: Webhook): string {
  const last = delivery.attempts.at(-1)
  return delivery.lastFailure === null
    ? ''
    : failureSentence(delivery.lastFailure, {
        host: hostOf(webhook.url),
        statusCode: delivery.lastStatusCode,
        timeoutMs: webhook.timeoutMs,
        location: last?.responseHeaders?.['location'] ?? null,
      })
}
