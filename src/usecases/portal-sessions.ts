import { createHash, randomBytes } from 'node:crypto'

import type { Database } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import { endSession, redeemCode } from '../db/portal-sessions.ts'
import { PortalSession } from '../db/schema.ts'
import { DomainError } from '../domain/errors.ts'
import type { Scope } from '../domain/scopes.ts'
import { refuseMissingScopes } from './api-keys.ts'
import { recordAudit } from './audit.ts'
import type { Caller, Callers } from './callers.ts'
import { waitOutLeases } from './revocation.ts'

const CODE_BYTES = 32
/** However active it is, a session ends after this long. */
const SESSION_MS_MAX = 8 * 3_600_000

export interface PortalSessionDeps {
  database: Database
  ids: IdSource
}

export interface NewPortalSession {
  permissions: readonly Scope[]
  /** For how long the link can be used, once. */
  ttlSeconds: number
  actor: string
}

/** Makes a one-time link to the settings page. Throws `missing_scope` for a permission that the caller lacks. */
export async function createPortalSession(
  deps: PortalSessionDeps & { publicUrl: string },
  caller: Caller,
  input: NewPortalSession,
): Promise<{ id: string; url: string; expiresAt: Date }> {
  refuseMissingScopes(caller, input.permissions, '/permissions')
  return createSignInLink(deps, caller, input)
}

/** The same without a caller's limits: for the operator at the machine itself. */
export async function createSignInLink(
  { database, ids, publicUrl }: PortalSessionDeps & { publicUrl: string },
  owner: { workspaceId: string; actor: string; keyId: string | null },
  input: NewPortalSession,
): Promise<{ id: string; url: string; expiresAt: Date }> {
  const code = randomBytes(CODE_BYTES).toString('base64url')
  const expiresAt = new Date(Date.now() + input.ttlSeconds * 1_000)
  const em = database.em()
  const { id } = em.create(
    PortalSession,
    {
      id: ids.next(),
      workspaceId: owner.workspaceId,
      keyId: owner.keyId,
      actor: input.actor,
      permissions: [...input.permissions],
      codeHash: hash(code),
      codeExpiresAt: expiresAt,
      createdAt: new Date(),
      expiresAt,
    },
    { persist: true },
  )
  recordAudit(em, ids, {
    workspaceId: owner.workspaceId,
    actor: owner.actor,
    action: 'portal_session.created',
    objectType: 'portal_session',
    objectId: id,
    detail: { for: input.actor, permissions: input.permissions },
  })
  await em.flush()
  // A fragment never reaches a server, so the code is in no access log and in no Referer.
  return { id, url: `${publicUrl}/settings/webhooks#code=${code}`, expiresAt }
}

/** What the browser keeps in its cookie, and until when. */
export interface OpenedSession {
  token: string
  expiresAt: Date
}

/** Opens the session of a link; a second time the same code is refused. */
export async function redeemSignInCode(
  { database }: PortalSessionDeps,
  code: string,
): Promise<OpenedSession> {
  const token = newToken()
  const expiresAt = new Date(Date.now() + SESSION_MS_MAX)
  const isRedeemed = await redeemCode(database.sql, {
    codeHash: hash(code),
    sessionHash: hash(token),
    expiresAt,
  })
  if (!isRedeemed)
    throw new DomainError(
      'unauthenticated',
      'This sign-in link was used before or is no longer valid. Ask for a new one.',
    )
  return { token, expiresAt }
}

/** Opens a session with all that the key may do; it ends with the key. */
export async function signInWithKey(
  { database, ids, callers }: PortalSessionDeps & { callers: Callers },
  keyText: string,
): Promise<OpenedSession> {
  const caller = await callers.byKey(keyText)
  if (caller === null) throw new DomainError('unauthenticated', 'This API key is not accepted.')
  const token = newToken()
  const now = new Date()
  const expiresAt = new Date(now.getTime() + SESSION_MS_MAX)
  const em = database.em()
  em.create(
    PortalSession,
    {
      id: ids.next(),
      workspaceId: caller.workspaceId,
      keyId: caller.keyId,
      actor: caller.actor,
      permissions: [...caller.scopes],
      sessionHash: hash(token),
      createdAt: now,
      lastSeenAt: now,
      expiresAt,
    },
    { persist: true },
  )
  await em.flush()
  return { token, expiresAt }
}

/** Ends a session, in every process. One that is over already stays so. */
export async function signOut({ database }: PortalSessionDeps, token: string): Promise<void> {
  if (await endSession(database.sql, hash(token))) await waitOutLeases()
}

function newToken(): string {
  return randomBytes(CODE_BYTES).toString('base64url')
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
