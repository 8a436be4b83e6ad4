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

/** Finds out who asks. Both answer null for what is unknown, expired or revoked. */
export interface Callers {
  byKey(keyText: string): Promise<Caller | null>
  bySession(sessionText: string): Promise<Caller | null>
}
