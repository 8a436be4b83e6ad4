import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from './client.ts'
import { refreshEvery } from './query-client.ts'
import type { AlertFilter, ApiKeyInput, StatsWindow } from './types.ts'
import { PAGE_ROWS } from './webhooks.ts'

const STATS_REFRESH_MS = 60_000
const LIST_REFRESH_MS = 15_000

export function statsQuery(webhookId: string, window: StatsWindow) {
  return queryOptions({
    queryKey: ['stats', webhookId, window],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/webhooks/{id}/stats', {
          params: { path: { id: webhookId }, query: { window } },
          signal,
        }),
      ),
    refetchInterval: refreshEvery(STATS_REFRESH_MS),
  })
}

export function eventTypesQuery() {
  return queryOptions({
    queryKey: ['event-types'],
    queryFn: async ({ signal }) => {
      const page = await unwrap(api.GET('/api/v1/event-types', { signal }))
      return page.data
    },
    staleTime: Infinity,
  })
}

export function alertsQuery(filter: AlertFilter) {
  return queryOptions({
    queryKey: ['alerts', filter],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/alerts', { params: { query: { ...filter, limit: PAGE_ROWS } }, signal })),
    refetchInterval: refreshEvery(LIST_REFRESH_MS),
  })
}

export function workspaceQuery() {
  return queryOptions({
    queryKey: ['workspace'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/workspace', { signal })),
  })
}

export function apiKeysQuery(cursor?: string) {
  return queryOptions({
    queryKey: ['api-keys', cursor ?? null],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/api-keys', {
          params: { query: { limit: PAGE_ROWS, ...(cursor === undefined ? {} : { cursor }) } },
          signal,
        }),
      ),
    refetchInterval: refreshEvery(LIST_REFRESH_MS),
  })
}

export function auditLogQuery(cursor?: string) {
  return queryOptions({
    queryKey: ['audit-log', cursor ?? null],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/audit-log', {
          params: { query: { limit: PAGE_ROWS, ...(cursor === undefined ? {} : { cursor }) } },
          signal,
        }),
      ),
    refetchInterval: refreshEvery(LIST_REFRESH_MS),
  })
}

function useChange<Input, Output>(noun: string, change: (input: Input) => Promise<Output>) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSettled: () => queryClient.invalidateQueries({ queryKey: [noun] }),
  })
}

export function useAcknowledgeAlert() {
  return useChange('alerts', (id: string) =>
    unwrap(api.POST('/api/v1/alerts/{id}/acknowledge', { params: { path: { id } }, body: {} })),
  )
}

export function useChangeAlertEmails() {
  return useChange('workspace', (alertEmails: string[]) =>
    unwrap(api.PATCH('/api/v1/workspace', { body: { alertEmails } })),
  )
}

export function useCreateApiKey() {
  return useChange('api-keys', (body: ApiKeyInput) => unwrap(api.POST('/api/v1/api-keys', { body })))
}

export function useRevokeApiKey() {
  return useChange('api-keys', (id: string) =>
    unwrap(api.DELETE('/api/v1/api-keys/{id}', { params: { path: { id } } })),
  )
}
