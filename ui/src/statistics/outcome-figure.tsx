import { BarChart } from '@mantine/charts'
import type { Stats } from '../api/types.ts'
import { count } from '../text/number.ts'
import { Figure } from './figure.tsx'
import { slotLabel } from './slot-label.ts'

const SERIES = [
  { name: 'succeeded', label: 'Succeeded', color: 'var(--pr-bar-succeeded)' },
  { name: 'failed', label: 'Failed', color: 'var(--pr-bar-failed)' },
]

export function OutcomeFigure({ stats }: { stats: Stats }) {
  const data = stats.series.map(({ at, succeeded, failed }) => ({
    at: slotLabel(at, stats.window),
    succeeded,
    failed,
  }))
  const isEmpty = data.every(({ succeeded, failed }) => succeeded + failed === 0)
  return (
    <Figure
      title="Outcomes over time"
      empty={isEmpty ? 'No delivery was settled in this time.' : undefined}
      chart={
        <BarChart
          h={240}
          data={data}
          dataKey="at"
          type="stacked"
          series={SERIES}
          withLegend
          yAxisLabel="deliveries"
          yAxisProps={{ allowDecimals: false, domain: [0, isEmpty ? 10 : 'auto'], width: 64 }}
          xAxisProps={{ minTickGap: 16 }}
          valueFormatter={count}
          barProps={{ isAnimationActive: false }}
          tooltipAnimationDuration={0}
        />
      }
      table={{
        head: ['Time', 'Succeeded', 'Failed'],
        rows: data.map(({ at, succeeded, failed }) => [at, count(succeeded), count(failed)]),
      }}
    />
  )
}
