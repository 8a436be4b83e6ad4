import type { DeliveryWithAttempts } from '../api/types.ts'
import { exactTime } from '../text/time.ts'

/** What one gives to somebody else to look it up. */
export function DeliveryFacts({ delivery }: { delivery: DeliveryWithAttempts }) {
  const facts = [
    ['Delivery ID', delivery.id],
    ['Event ID', delivery.eventId],
    ['Temporal workflow', delivery.temporalWorkflowId],
  ] as const
  return (
    <dl className="pr-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="pr-mono pr-break">{value}</dd>
        </div>
      ))}
      <div>
        <dt>Created</dt>
        <dd>{exactTime(delivery.createdAt)}</dd>
      </div>
      {delivery.settledAt !== null && (
        <div>
          <dt>Settled</dt>
          <dd>{exactTime(delivery.settledAt)}</dd>
        </div>
      )}
    </dl>
  )
}
