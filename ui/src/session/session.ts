import { createContext, use } from 'react'
import type { Session } from '../api/types.ts'

export interface SessionValue {
  session: Session
  can: (scope: string) => boolean
}

export const SessionContext = createContext<SessionValue | null>(null)

/** Who is signed in and what they may do. Only below `SessionGate`. */
export function useSession(): SessionValue {
  const value = use(SessionContext)
  if (value === null) throw new Error('useSession is called outside of SessionGate')
  return value
}
