import { Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'react-router'
import type { AuditEntry } from '../api/types.ts'
import { auditLogQuery } from '../api/workspace.ts'
import { Cell, DataTable } from '../parts/data-table.tsx'
import { Empty, ErrorNotice, Stale } from '../parts/notice.tsx'
import { Pages } from '../parts/pages.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { ScopeNotice } from '../parts/scoped.tsx'
import { useSession } from '../session/session.ts'
import { shortId } from '../text/url.ts'
import { visibleText } from '../text/visible-text.ts'

const COLUMNS = [
  { id: 'when', header: 'When' },
  { id: 'who', header: 'Who' },
  { id: 'what', header: 'What' },
  { id: 'object', header: 'On' },
  { id: 'detail', header: 'Detail' },
]

export function AuditLogView() {
  const { can } = useSession()
  return (
    <>
      <div className="pr-view-head">
        <Title order={1}>Audit log</Title>
      </div>
      {can('key:write') ? <Entries /> : <ScopeNotice scope="key:write" />}
    </>
  )
}

function Entries() {
  const [parameters] = useSearchParams()
  const query = useQuery({
    ...auditLogQuery(parameters.get('cursor') ?? undefined),
    placeholderData: (before) => before,
  })
  return (
    <>
      <Stale query={query} />
      {query.isError && query.data === undefined ? (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label="Audit log"
          layout="pr-audit"
          columns={COLUMNS}
          skeletonRows={query.data === undefined ? 10 : undefined}
        >
          {query.data?.data.map((entry) => (
            <EntryRow key={entry.id} entry={entry} />
          ))}
        </DataTable>
      )}
      {query.data?.data.length === 0 && <Empty title="Nothing has been changed yet" />}
      <Pages nextCursor={query.data?.nextCursor} />
    </>
  )
}

function EntryRow({ entry }: { entry: AuditEntry }) {
  return (
    <tr role="row">
      <Cell id="when">
        <RelativeTime at={entry.at} />
      </Cell>
      <Cell id="who">
        <span className="pr-break">{visibleText(entry.actor)}</span>
      </Cell>
      <Cell id="what">
        <span className="pr-mono">{entry.action}</span>
      </Cell>
      <Cell id="object">{objectOf(entry)}</Cell>
      <Cell id="detail">
        <span className="pr-detail">{detailText(entry.detail)}</span>
      </Cell>
    </tr>
  )
}

function objectOf({ objectType, objectId }: AuditEntry) {
  const name = `${objectType.replaceAll('_', ' ')} ${shortId(objectId)}`
  if (objectType !== 'webhook') return name
  return (
    <Link to={`/${objectId}/deliveries`} className="pr-link">
      {name}
    </Link>
  )
}

function detailText(detail: Readonly<Record<string, unknown>>): string {
  const text = Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
  return text === '' ? '–' : visibleText(text)
}
