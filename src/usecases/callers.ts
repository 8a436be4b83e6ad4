import type { Scope } from '../domain/scopes.ts'

/** Who asks. Every query of a request carries `workspaceId`. */
export interface Caller {
  workspaceId: string
  scopes: readonly Scope[]
  /** Shown in the audit log and as `disabledBy`: the key's name, or who the session belongs to. */
  actor: string
  /** Null for a session that was opened by a link. */
  keyId: string | null
}

/** Who asks, or null for what is unknown, expired or revoked; without a promise when that is known already. */
export type FoundCaller = Caller | null | Promise<Caller | null>

/** Finds out who asks. */
export interface Callers {
  byKey(keyText: string): FoundCaller
  bySession(sessionText: string): FoundCaller
}
