import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from './client.ts'
import { asProblem } from './problem.ts'
import { SESSION_KEY } from './query-client.ts'
import type { Session } from './types.ts'

/** Who is signed in; null when nobody is. */
export function sessionQuery() {
  return queryOptions({
    queryKey: SESSION_KEY,
    queryFn: async ({ signal }): Promise<Session | null> => {
      try {
        return await unwrap(api.GET('/api/v1/session', { signal }))
      } catch (error) {
        if (asProblem(error).status === 401) return null
        throw error
      }
    },
    staleTime: Infinity,
  })
}

export function useSignIn() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: { code: string } | { apiKey: string }) =>
      unwrap(api.POST('/api/v1/session', { body })),
    onSuccess: (session) => {
      // What an earlier session saw is not this one's.
      queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] })
      queryClient.setQueryData(SESSION_KEY, session)
    },
  })
}

export function useSignOut() {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/v1/session')),
    onSuccess: () => {
      queryClient.setQueryData(SESSION_KEY, null)
      queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] })
    },
  })
}
