import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { sessionQuery, useSignIn } from '../api/session.ts'
import { ErrorNotice } from '../parts/notice.tsx'
import { SessionContext } from './session.ts'
import { SignIn } from './sign-in.tsx'

/** The one-time code of a sign-in link. It is in the fragment, which browsers send to no server. */
function codeInAddress(): string | null {
  return new URLSearchParams(window.location.hash.slice(1)).get('code')
}

/** Shows the page to who is signed in, and the sign-in, at the same address, to everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const [code] = useState(codeInAddress)
  const { mutate: signIn, isIdle, isPending, error: codeError } = useSignIn()
  // A code works once, so it is sent once, however often effects run.
  const isSent = useRef(false)
  const isRedeeming = code !== null && (isIdle || isPending)
  const query = useQuery({ ...sessionQuery(), enabled: !isRedeeming })
  const session = query.data

  useEffect(() => {
    if (code === null || isSent.current) return
    isSent.current = true
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
    signIn({ code })
  }, [code, signIn])

  const value = useMemo(
    () =>
      session === undefined || session === null
        ? null
        : { session, can: (scope: string) => (session.scopes as readonly string[]).includes(scope) },
    [session],
  )

  if (value !== null) return <SessionContext value={value}>{children}</SessionContext>
  if (isRedeeming || query.isPending) return <div className="pr-late pr-alone" aria-busy="true" />
  if (query.isError)
    return (
      <main className="pr-alone">
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
      </main>
    )
  return <SignIn codeError={codeError} />
}
