import { NativeSelect, Skeleton, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearchParams } from 'react-router'
import { alertsQuery } from '../api/workspace.ts'
import { Empty, ErrorNotice, Stale } from '../parts/notice.tsx'
import { Pages } from '../parts/pages.tsx'
import { ScopeNotice } from '../parts/scoped.tsx'
import { useFilters } from '../parts/search-state.ts'
import { useSession } from '../session/session.ts'
import { AlertItem } from './alert-item.tsx'
import { Recipients } from './recipients.tsx'

const STATES = [
  { value: '', label: 'All alerts' },
  { value: 'open', label: 'Open' },
  { value: 'closed', label: 'Closed' },
]

export function AlertsView() {
  const { can } = useSession()
  return (
    <>
      <div className="pr-view-head">
        <Title order={1}>Alerts</Title>
      </div>
      {can('alert:read') ? <AlertList /> : <ScopeNotice scope="alert:read" />}
      {/* Other channels than e-mail get their place here. */}
      {can('webhook:read') && <Recipients />}
    </>
  )
}

function AlertList() {
  const [parameters] = useSearchParams()
  const filters = useFilters(['state'])
  const state = filters.value('state')
  const query = useQuery({
    ...alertsQuery({
      ...(parameters.get('cursor') === null ? {} : { cursor: parameters.get('cursor') ?? '' }),
      ...(state === 'open' || state === 'closed' ? { state } : {}),
    }),
    placeholderData: (before) => before,
  })
  const alerts = query.data?.data
  return (
    <>
      <div className="pr-filters">
        <NativeSelect
          aria-label="State"
          data={STATES}
          value={state}
          onChange={(event) => {
            filters.set('state', event.currentTarget.value)
          }}
        />
      </div>
      <Stale query={query} />
      {query.isError && alerts === undefined && (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      )}
      {alerts === undefined && !query.isError && (
        <div className="pr-late pr-form" aria-busy="true">
          <Skeleton height={72} />
          <Skeleton height={72} />
        </div>
      )}
      {alerts?.length === 0 && (
        <Empty title={filters.isFiltered ? 'No alert fits' : 'No alerts'}>
          {filters.isFiltered
            ? undefined
            : 'When a delivery uses up all its attempts, or a webhook is turned off by its failures, it is told here and by e-mail.'}
        </Empty>
      )}
      <ul aria-label="Alerts" className="pr-alerts" hidden={alerts === undefined || alerts.length === 0}>
        {alerts?.map((alert) => (
          <AlertItem key={alert.id} alert={alert} />
        ))}
      </ul>
      <Pages nextCursor={query.data?.nextCursor} />
    </>
  )
}
