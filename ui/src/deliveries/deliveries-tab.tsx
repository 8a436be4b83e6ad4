import { Button } from '@mantine/core'
import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useSearchParams } from 'react-router'
import { deliveriesQuery, deliveryQuery } from '../api/deliveries.ts'
import { asProblem } from '../api/problem.ts'
import type { Delivery, DeliveryFilter, DeliveryPage, Webhook } from '../api/types.ts'
import { Empty, ErrorNotice, Stale } from '../parts/notice.tsx'
import { Pages } from '../parts/pages.tsx'
import { useFilters } from '../parts/search-state.ts'
import { DeliveryDrawer } from './delivery-drawer.tsx'
import { apiFilter, FILTER_NAMES, isWholeId, pointInTime } from './delivery-filter.ts'
import { DeliveryFilters } from './delivery-filters.tsx'
import { DeliveryRows } from './delivery-rows.tsx'
import { RetryFailed } from './retry-failed.tsx'

export function DeliveriesTab({ webhook }: { webhook: Webhook }) {
  const [parameters, setParameters] = useSearchParams()
  const filters = useFilters(FILTER_NAMES)
  const filter = apiFilter(webhook.id, parameters)
  const id = filters.value('id')
  const listed = useListed(filter, id)
  const rows = matchingId(listed.data?.data, id)
  const openId = parameters.get('delivery')

  const openDelivery = (deliveryId: string | null) => {
    setParameters((before) => {
      const after = new URLSearchParams(before)
      if (deliveryId === null) after.delete('delivery')
      else after.set('delivery', deliveryId)
      return after
    })
  }
  return (
    <>
      <div className="pr-toolbar">
        <DeliveryFilters filters={filters} />
        {/* Replaying a filter stands beside this, once the API can. */}
        <RetryFailed webhook={webhook} />
      </div>
      <Stale query={listed} />
      {listed.isError && listed.data === undefined ? (
        <ErrorNotice
          error={listed.error}
          onRetry={() => void listed.refetch()}
          onClear={filters.isFiltered ? filters.clear : undefined}
        />
      ) : (
        <DeliveryRows
          key={JSON.stringify([filter, id])}
          deliveries={rows}
          isFirstPage={filter.cursor === undefined}
        />
      )}
      {rows?.length === 0 && (
        <NoDeliveries
          isFiltered={filters.isFiltered}
          isPartOfId={id !== '' && !isWholeId(id)}
          onClear={filters.clear}
        />
      )}
      <Pages nextCursor={listed.data?.nextCursor} />
      <DeliveryDrawer
        webhook={webhook}
        deliveryId={openId}
        onClose={() => {
          openDelivery(null)
        }}
      />
    </>
  )
}

/** One page of the filter, or, for a whole id, that one delivery. */
function useListed(filter: DeliveryFilter, id: string): UseQueryResult<DeliveryPage> {
  const isById = isWholeId(id)
  // Relative times stand still while one pages and refreshes: cursors belong to one and the same list.
  const { webhookId, state, eventType, from, to } = filter
  const nowMs = useMemo(() => Date.now(), [webhookId, state, eventType, from, to])
  const exact = { ...filter, ...exactTimes(filter, nowMs) }
  const listed = useQuery({
    ...deliveriesQuery(exact),
    enabled: !isById,
    placeholderData: (before) => before,
  })
  const single = useQuery({
    ...deliveryQuery(id.toLowerCase()),
    enabled: isById,
    select: (delivery): DeliveryPage => ({
      data: delivery.webhookId === filter.webhookId ? [delivery] : [],
      nextCursor: null,
    }),
  })
  if (!isById) return listed
  if (single.isError && [404, 422].includes(asProblem(single.error).status))
    return {
      ...single,
      isError: false,
      data: { data: [], nextCursor: null },
    } as unknown as UseQueryResult<DeliveryPage>
  return single
}

function exactTimes(filter: DeliveryFilter, nowMs: number): Partial<DeliveryFilter> {
  const from = pointInTime(filter.from ?? '', nowMs)
  const to = pointInTime(filter.to ?? '', nowMs)
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

/** Part of an id, such as the eight characters that rows show, is looked for in the rows at hand. */
function matchingId(
  deliveries: readonly Delivery[] | undefined,
  id: string,
): readonly Delivery[] | undefined {
  if (id === '' || isWholeId(id)) return deliveries
  return deliveries?.filter((delivery) => delivery.id.includes(id.toLowerCase()))
}

interface NoDeliveriesProps {
  isFiltered: boolean
  isPartOfId: boolean
  onClear: () => void
}

function NoDeliveries({ isFiltered, isPartOfId, onClear }: NoDeliveriesProps) {
  if (!isFiltered)
    return (
      <Empty title="No deliveries yet">
        Every event that this webhook is subscribed to appears here with all its attempts. To see one now,
        send a test event under Testing; tests themselves are not listed.
      </Empty>
    )
  return (
    <Empty
      title={isPartOfId ? 'No delivery on this page fits' : 'No delivery fits'}
      action={
        <Button variant="default" onClick={onClear}>
          Clear filters
        </Button>
      }
    >
      {isPartOfId
        ? 'Part of an ID is looked for among the rows of one page. The whole ID finds its delivery anywhere.'
        : undefined}
    </Empty>
  )
}
