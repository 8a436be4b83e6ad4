import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { asProblem } from './problem.ts'

export const SESSION_KEY = ['session'] as const

const BACK_OFF_MS_MAX = 60_000

/**
 * Every query fetches again by itself while the page is visible. A session that has ended shows the sign-in in place of
 * the view, whichever request noticed it, and the address stays as it was.
 */
export function makeQueryClient(): QueryClient {
  const noticeSignOut = (error: Error) => {
    if (asProblem(error).status === 401) queryClient.setQueryData(SESSION_KEY, null)
  }
  const queryClient = new QueryClient({
    queryCache: new QueryCache({ onError: noticeSignOut }),
    mutationCache: new MutationCache({ onError: noticeSignOut }),
    defaultOptions: {
      queries: {
        networkMode: 'always',
        staleTime: 1_000,
        retry: (failures, error) => failures < 1 && isTemporary(error),
        retryDelay: 500,
        refetchIntervalInBackground: false,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
  return queryClient
}

function isTemporary(error: Error): boolean {
  const { status } = asProblem(error)
  return status === 0 || status === 503
}

interface Refreshed<T> {
  state: { status: string; data: T | undefined; dataUpdatedAt: number; errorUpdateCount: number }
}

/** Milliseconds until the next fetch; while the server fails, longer the longer it has been failing. */
export function refreshAfter<T>(pauseMsOf: (data: T | undefined) => number): (query: Refreshed<T>) => number {
  return ({ state }) => {
    const usualMs = pauseMsOf(state.data)
    if (state.status !== 'error') return usualMs
    const failingMs =
      state.dataUpdatedAt > 0 ? Date.now() - state.dataUpdatedAt : state.errorUpdateCount * usualMs
    return Math.min(BACK_OFF_MS_MAX, Math.max(usualMs, failingMs / 2))
  }
}

export function refreshEvery(pauseMs: number): (query: Refreshed<unknown>) => number {
  return refreshAfter<unknown>(() => pauseMs)
}
