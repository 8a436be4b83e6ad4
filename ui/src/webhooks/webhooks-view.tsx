import { Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation, useMatch, useNavigate, useSearchParams } from 'react-router'
import type { Webhook, WebhookFilter } from '../api/types.ts'
import { webhooksQuery } from '../api/webhooks.ts'
import { Icon } from '../parts/icon.tsx'
import { Answer, Empty, ErrorNotice, Stale } from '../parts/notice.tsx'
import { Pages } from '../parts/pages.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { useFilters } from '../parts/search-state.ts'
import { Button } from '@mantine/core'
import { hostOf } from '../text/url.ts'
import { CreateDialog } from './create-dialog.tsx'
import { NeedsAttention } from './needs-attention.tsx'
import { WebhookFilters } from './webhook-filters.tsx'
import { WebhookTable } from './webhook-table.tsx'

const FILTERS = ['q', 'status', 'eventType'] as const

function filterFrom(parameters: URLSearchParams): WebhookFilter {
  return Object.fromEntries(
    [...FILTERS, 'cursor'].flatMap((name) => {
      const value = parameters.get(name)
      return value === null || value === '' ? [] : [[name, value]]
    }),
  )
}

export function WebhooksView() {
  const [parameters] = useSearchParams()
  const filters = useFilters(FILTERS)
  const query = useQuery({ ...webhooksQuery(filterFrom(parameters)), placeholderData: (before) => before })
  const dialog = useCreateDialog()
  const [answer, setAnswer] = useAnswer()
  const isEmpty = query.data?.data.length === 0 && !filters.isFiltered && !parameters.has('cursor')

  const createButton = (
    <ScopedButton scope="webhook:write" leftSection={<Icon name="plus" size={14} />} onClick={dialog.open}>
      Create webhook
    </ScopedButton>
  )
  return (
    <>
      <div className="pr-view-head">
        <Title order={1}>Webhooks</Title>
        {!isEmpty && <WebhookFilters filters={filters} />}
        {!isEmpty && createButton}
      </div>
      <Answer>{answer}</Answer>
      {!isEmpty && <NeedsAttention />}
      <Stale query={query} />
      {query.isError && query.data === undefined ? (
        <ErrorNotice
          error={query.error}
          onRetry={() => void query.refetch()}
          onClear={filters.isFiltered ? filters.clear : undefined}
        />
      ) : isEmpty ? (
        <Empty title="No webhooks yet" action={createButton}>
          A webhook calls another system when something happens here: a task is created, a phase is completed.
          Give it a URL, choose the events, and send a test.
        </Empty>
      ) : (
        <>
          <WebhookTable
            webhooks={query.data?.data}
            onSwitched={(webhook) => {
              setAnswer(switchedAnswer(webhook))
            }}
          />
          {query.data?.data.length === 0 && (
            <Empty
              title="No webhook fits"
              action={
                <Button variant="default" onClick={filters.clear}>
                  Clear filters
                </Button>
              }
            />
          )}
          <Pages nextCursor={query.data?.nextCursor} />
        </>
      )}
      <CreateDialog opened={dialog.isOpen} onClose={dialog.close} />
    </>
  )
}

function switchedAnswer(webhook: Webhook): string {
  return webhook.enabled
    ? `${hostOf(webhook.url)} is on.`
    : `${hostOf(webhook.url)} is off. New events are kept, not sent. You can send them later.`
}

/** What happened here, or on a page that is gone since, such as a webhook's own after it was deleted. */
function useAnswer() {
  const location = useLocation()
  const handed = (location.state as { answer?: string } | null)?.answer ?? ''
  return useState(handed)
}

/** The dialog has an address of its own, over the list's filters. */
function useCreateDialog() {
  const navigate = useNavigate()
  const { search } = useLocation()
  const isOpen = useMatch('/new') !== null
  return {
    isOpen,
    open: () => void navigate({ pathname: '/new', search }),
    close: () => void navigate({ pathname: '/', search }),
  }
}
