import type { Webhook } from '../api/types.ts'
import { TestSender } from '../webhooks/test-sender.tsx'

export function TestingTab({ webhook }: { webhook: Webhook }) {
  return (
    <div className="pr-column">
      <p className="pr-muted">
        Sends a sample now, signed like any other: one attempt, no retry. It works while the webhook is off
        and counts in no statistics.
      </p>
      <TestSender webhook={webhook} withType />
    </div>
  )
}
