import type { ReactNode } from 'react'
import type { Stats } from '../api/types.ts'
import { count, milliseconds, percent } from '../text/number.ts'

export function Totals({ stats }: { stats: Stats }) {
  const { totals, responseTimeMs } = stats
  const settled = totals.succeeded + totals.failed + totals.cancelled
  return (
    <div className="pr-totals">
      <Total name="Success rate" value={percent(stats.successRate)}>
        {count(totals.succeeded)} succeeded, {count(totals.failed)} failed
      </Total>
      <Total name="Deliveries" value={count(settled)}>
        {count(totals.pending)} pending and {count(totals.held)} held now, {count(totals.cancelled)} cancelled
      </Total>
      <Total name="Response time" value={`p95 ${milliseconds(responseTimeMs.p95)}`}>
        p50 {milliseconds(responseTimeMs.p50)}, p99 {milliseconds(responseTimeMs.p99)}
      </Total>
    </div>
  )
}

function Total({ name, value, children }: { name: string; value: string; children: ReactNode }) {
  return (
    <div role="group" aria-label={name} className="pr-total">
      <div className="pr-total-name">{name}</div>
      <div className="pr-total-value">{value}</div>
      <div className="pr-total-more">{children}</div>
    </div>
  )
}
