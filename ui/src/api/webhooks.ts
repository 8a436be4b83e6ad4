import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from './client.ts'
import { refreshAfter } from './query-client.ts'
import type { Webhook, WebhookFilter, WebhookInput, WebhookPatch } from './types.ts'

const LIVE_REFRESH_MS = 3_000
const CALM_REFRESH_MS = 15_000
export const PAGE_ROWS = 50

/** Short while something is on its way to any of them. */
function pauseMs(webhooks: readonly Webhook[]): number {
  return webhooks.some(({ openCount }) => openCount > 0) ? LIVE_REFRESH_MS : CALM_REFRESH_MS
}

export function webhooksQuery(filter: WebhookFilter) {
  return queryOptions({
    queryKey: ['webhooks', filter],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/webhooks', { params: { query: { limit: PAGE_ROWS, ...filter } }, signal })),
    refetchInterval: refreshAfter<{ data: Webhook[] }>((page) => pauseMs(page?.data ?? [])),
  })
}

export function webhookQuery(id: string) {
  return queryOptions({
    queryKey: ['webhook', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/webhooks/{id}', { params: { path: { id } }, signal })),
    refetchInterval: refreshAfter<Webhook>((webhook) => pauseMs(webhook === undefined ? [] : [webhook])),
  })
}

/** Resolves when the server would accept the URL; otherwise rejects with what creating would answer. */
export async function checkUrl(url: string, signal: AbortSignal): Promise<void> {
  await unwrap(api.POST('/api/v1/webhooks/check-url', { body: { url }, signal }))
}

/** After a change everything shown about webhooks is asked for again. */
function useWebhookChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSettled: async () => {
      await Promise.all(
        ['webhooks', 'webhook', 'deliveries', 'delivery', 'alerts'].map((noun) =>
          queryClient.invalidateQueries({ queryKey: [noun] }),
        ),
      )
    },
  })
}

export function useCreateWebhook() {
  return useWebhookChange((body: WebhookInput) => unwrap(api.POST('/api/v1/webhooks', { body })))
}

export function useChangeWebhook(id: string) {
  return useWebhookChange((body: WebhookPatch) =>
    unwrap(api.PATCH('/api/v1/webhooks/{id}', { params: { path: { id } }, body })),
  )
}

export function useDeleteWebhook(id: string) {
  return useWebhookChange(() => unwrap(api.DELETE('/api/v1/webhooks/{id}', { params: { path: { id } } })))
}

export function useRotateSecret(id: string) {
  return useWebhookChange((body: { overlapHours: number }) =>
    unwrap(api.POST('/api/v1/webhooks/{id}/rotate-secret', { params: { path: { id } }, body })),
  )
}

export function useRevealSecret(id: string) {
  return useMutation({
    mutationFn: () => unwrap(api.GET('/api/v1/webhooks/{id}/secret', { params: { path: { id } } })),
    gcTime: 0,
  })
}

export function useRetryFailed(id: string) {
  return useWebhookChange(() =>
    unwrap(api.POST('/api/v1/webhooks/{id}/retry-failed', { params: { path: { id } }, body: {} })),
  )
}

export function useSendTest(id: string) {
  return useMutation({
    mutationFn: (body: { type?: string }) =>
      unwrap(api.POST('/api/v1/webhooks/{id}/test', { params: { path: { id } }, body })),
  })
}
