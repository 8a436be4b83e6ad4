import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import type { Stats, StatsWindow, Webhook } from '../api/types.ts'
import { statsQuery } from '../api/workspace.ts'
import { ErrorNotice, Stale } from '../parts/notice.tsx'
import { Segments } from '../parts/segments.tsx'
import { zone } from '../text/time.ts'
import { FailureFigure } from './failure-figure.tsx'
import { OutcomeFigure } from './outcome-figure.tsx'
import { ResponseTimeFigure } from './response-time-figure.tsx'
import { Totals } from './totals.tsx'
import '@mantine/charts/styles.css'

const WINDOWS: readonly { value: StatsWindow; label: string }[] = [
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
]

function windowFrom(text: string | null): StatsWindow {
  return WINDOWS.find(({ value }) => value === text)?.value ?? '24h'
}

export function StatisticsTab({ webhook }: { webhook: Webhook }) {
  const [parameters, setParameters] = useSearchParams()
  const window = windowFrom(parameters.get('window'))
  const query = useQuery({ ...statsQuery(webhook.id, window), placeholderData: (before) => before })
  return (
    <div className="pr-statistics">
      <div className="pr-statistics-head">
        <Segments
          label="Window"
          choices={WINDOWS}
          value={window}
          onChange={(value) => {
            setParameters({ window: value }, { replace: true })
          }}
        />
        <span className="pr-muted">Times in {zone()}</span>
      </div>
      <Stale query={query} />
      {query.data === undefined ? (
        query.isError ? (
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Bones />
        )
      ) : (
        <Charts stats={query.data} webhook={webhook} />
      )}
    </div>
  )
}

function Charts({ stats, webhook }: { stats: Stats; webhook: Webhook }) {
  return (
    <>
      <Totals stats={stats} />
      <OutcomeFigure stats={stats} />
      <ResponseTimeFigure stats={stats} />
      <FailureFigure stats={stats} webhookId={webhook.id} />
    </>
  )
}

function Bones() {
  return (
    <div className="pr-late pr-statistics" aria-busy="true">
      <Skeleton height={76} />
      <Skeleton height={280} />
      <Skeleton height={280} />
    </div>
  )
}
