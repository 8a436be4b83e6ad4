import { Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { apiKeysQuery } from '../api/workspace.ts'
import { Icon } from '../parts/icon.tsx'
import { Empty, ErrorNotice, Stale } from '../parts/notice.tsx'
import { Pages } from '../parts/pages.tsx'
import { ScopedButton, ScopeNotice } from '../parts/scoped.tsx'
import { useSession } from '../session/session.ts'
import { ApiKeyTable } from './api-key-table.tsx'
import { CreateKeyDialog } from './create-key-dialog.tsx'

export function ApiKeysView() {
  const { can } = useSession()
  const [isCreating, setIsCreating] = useState(false)
  return (
    <>
      <div className="pr-view-head">
        <Title order={1}>API keys</Title>
        <ScopedButton
          scope="key:write"
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => {
            setIsCreating(true)
          }}
        >
          Create API key
        </ScopedButton>
      </div>
      <p className="pr-lead">
        Programs use the API with a key. A key sees this workspace only, and does what its scopes allow.
      </p>
      {can('key:write') ? <Keys /> : <ScopeNotice scope="key:write" />}
      <CreateKeyDialog
        opened={isCreating}
        onClose={() => {
          setIsCreating(false)
        }}
      />
    </>
  )
}

function Keys() {
  const [parameters] = useSearchParams()
  const query = useQuery({
    ...apiKeysQuery(parameters.get('cursor') ?? undefined),
    placeholderData: (before) => before,
  })
  return (
    <>
      <Stale query={query} />
      {query.isError && query.data === undefined ? (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <ApiKeyTable keys={query.data?.data} />
      )}
      {query.data?.data.length === 0 && <Empty title="No API keys" />}
      <Pages nextCursor={query.data?.nextCursor} />
    </>
  )
}
