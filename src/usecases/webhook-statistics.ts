import type { StatisticsSlot, WindowStatistics } from '../db/statistics.ts'
import type { WebhookFigures } from '../db/webhook-figures.ts'
import { percentile } from '../domain/histogram.ts'
import type { StatisticsWindow } from '../domain/statistics-window.ts'

/** What a list shows of a webhook's last 24 hours. */
export interface DayStatistics {
  succeeded: number
  failed: number
  /** Between 0 and 1; null when nothing was settled. */
  successRate: number | null
  p95ResponseTimeMs: number | null
  series: { at: Date; succeeded: number; failed: number }[]
}

export interface Percentiles {
  p50: number | null
  p95: number | null
  p99: number | null
}

export interface StatisticsAnswer {
  window: StatisticsWindow
  totals: { pending: number; succeeded: number; failed: number; cancelled: number; held: number }
  successRate: number | null
  responseTimeMs: Percentiles
  failures: Record<string, number>
  series: ({ at: Date; succeeded: number; failed: number } & Percentiles)[]
}

export function summariseDay({ succeeded, failed, times, series }: WindowStatistics): DayStatistics {
  return {
    succeeded,
    failed,
    successRate: successRateOf(succeeded, failed),
    p95ResponseTimeMs: percentile(times, 0.95),
    series: series.map(({ at, ...slot }) => ({ at, succeeded: slot.succeeded, failed: slot.failed })),
  }
}

export function summariseWindow(
  window: StatisticsWindow,
  statistics: WindowStatistics,
  { openCount, heldCount }: Pick<WebhookFigures, 'openCount' | 'heldCount'>,
): StatisticsAnswer {
  const { succeeded, failed, cancelled, failures, times, series } = statistics
  return {
    window,
    totals: { pending: openCount, succeeded, failed, cancelled, held: heldCount },
    successRate: successRateOf(succeeded, failed),
    responseTimeMs: percentilesOf(times),
    failures: Object.fromEntries([...failures].filter(([, count]) => count > 0).sort()),
    series: series.map(summariseSlot),
  }
}

function summariseSlot({ at, succeeded, failed, times }: StatisticsSlot) {
  return { at, succeeded, failed, ...percentilesOf(times) }
}

function percentilesOf(times: ReadonlyMap<number, number>): Percentiles {
  return { p50: percentile(times, 0.5), p95: percentile(times, 0.95), p99: percentile(times, 0.99) }
}

/** Four digits are more than anyone shows, and keep 1/3 from filling the line. */
function successRateOf(succeeded: number, failed: number): number | null {
  const settled = succeeded + failed
  return settled <= 0 ? null : Math.round((succeeded / settled) * 10_000) / 10_000
}
