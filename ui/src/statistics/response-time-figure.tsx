import { LineChart } from '@mantine/charts'
import type { Stats } from '../api/types.ts'
import { milliseconds } from '../text/number.ts'
import { Figure } from './figure.tsx'
import { slotLabel } from './slot-label.ts'

// Told apart by dash, too, not by colour alone.
const SERIES = [
  { name: 'p50', label: 'p50, solid', color: 'var(--pr-bar-succeeded)' },
  { name: 'p95', label: 'p95, dashed', color: 'var(--pr-bar-failed)', strokeDasharray: '6 4' },
  { name: 'p99', label: 'p99, dotted', color: 'var(--pr-muted)', strokeDasharray: '2 3' },
]

export function ResponseTimeFigure({ stats }: { stats: Stats }) {
  const data = stats.series.map(({ at, p50, p95, p99 }) => ({
    at: slotLabel(at, stats.window),
    p50,
    p95,
    p99,
  }))
  const isEmpty = data.every(({ p50 }) => p50 === null)
  return (
    <Figure
      title="Response time percentiles"
      empty={isEmpty ? 'No attempt was answered in this time.' : undefined}
      chart={
        <LineChart
          h={240}
          data={data}
          dataKey="at"
          series={SERIES}
          withLegend
          curveType="linear"
          yAxisLabel="milliseconds"
          yAxisProps={{ domain: [0, isEmpty ? 100 : 'auto'], width: 64 }}
          xAxisProps={{ minTickGap: 16 }}
          valueFormatter={(value) => (value === 0 ? '0' : milliseconds(value))}
          connectNulls={false}
          strokeWidth={2}
          dotProps={{ r: 2 }}
          lineProps={{ isAnimationActive: false }}
          tooltipAnimationDuration={0}
        />
      }
      table={{
        head: ['Time', 'p50', 'p95', 'p99'],
        rows: data.map(({ at, p50, p95, p99 }) => [
          at,
          milliseconds(p50),
          milliseconds(p95),
          milliseconds(p99),
        ]),
      }}
    />
  )
}
