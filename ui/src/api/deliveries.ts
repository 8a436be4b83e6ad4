import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from './client.ts'
import { refreshAfter } from './query-client.ts'
import type { Delivery, DeliveryFilter, DeliveryPage } from './types.ts'
import { PAGE_ROWS } from './webhooks.ts'

const LIVE_REFRESH_MS = 3_000
const CALM_REFRESH_MS = 15_000

/** Whether something will happen to it without anybody doing anything. */
function isMoving(delivery: Delivery): boolean {
  return delivery.state === 'pending' || delivery.retryRequestedAt !== null
}

export function deliveriesQuery(filter: DeliveryFilter) {
  return queryOptions({
    queryKey: ['deliveries', filter],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/deliveries', { params: { query: { ...filter, limit: PAGE_ROWS } }, signal })),
    refetchInterval: refreshAfter<DeliveryPage>((page) =>
      page?.data.some(isMoving) ? LIVE_REFRESH_MS : CALM_REFRESH_MS,
    ),
  })
}

export function deliveryQuery(id: string) {
  return queryOptions({
    queryKey: ['delivery', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/deliveries/{id}', { params: { path: { id } }, signal })),
    refetchInterval: refreshAfter<Delivery>((delivery) =>
      delivery !== undefined && isMoving(delivery) ? LIVE_REFRESH_MS : CALM_REFRESH_MS,
    ),
  })
}

/** The event as text: its numbers are shown as they were published, which parsing would not keep. */
export function eventTextQuery(id: string) {
  return queryOptions({
    queryKey: ['event', id],
    queryFn: async ({ signal }) =>
      unwrap(api.GET('/api/v1/events/{id}', { params: { path: { id } }, parseAs: 'text', signal })),
    staleTime: Infinity,
  })
}

/** Asks again for everything that a change of deliveries shows in. */
export function useDeliveriesChanged(): () => Promise<void> {
  const queryClient = useQueryClient()
  return async () => {
    await Promise.all(
      ['deliveries', 'delivery', 'webhook', 'webhooks', 'alerts'].map((noun) =>
        queryClient.invalidateQueries({ queryKey: [noun] }),
      ),
    )
  }
}

export function retryDelivery(id: string): Promise<Delivery> {
  return unwrap(api.POST('/api/v1/deliveries/{id}/retry', { params: { path: { id } }, body: {} }))
}

export function useRetryDelivery() {
  return useMutation({ mutationFn: retryDelivery, onSettled: useDeliveriesChanged() })
}

export function useCancelDelivery() {
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST('/api/v1/deliveries/{id}/cancel', { params: { path: { id } }, body: {} })),
    onSettled: useDeliveriesChanged(),
  })
}
