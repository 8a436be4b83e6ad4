import type { Scope } from '../domain/scopes.ts'
import type { Sql } from './database.ts'

export interface KeyRow {
  id: string
  workspaceId: string
  name: string
  scopes: Scope[]
  secretHash: Buffer
  expiresAt: Date | null
}

export interface SessionRow {
  id: string
  workspaceId: string
  keyId: string | null
  actor: string
  permissions: Scope[]
  expiresAt: Date
}

const USED_AT_MOST_EVERY = `interval '1 minute'`

/** A key that is neither revoked nor expired. */
export async function findLiveKey(sql: Sql, id: string): Promise<KeyRow | null> {
  const rows = await sql.query<KeyRow>(
    `select id, workspace_id as "workspaceId", name, scopes, secret_hash as "secretHash", expires_at as "expiresAt"
     from api_key where id = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
    [id],
    { hot: 'find-live-key' },
  )
  return rows[0] ?? null
}

/** Writes at most once a minute, however often it is called. */
export async function markKeyUsed(sql: Sql, id: string): Promise<void> {
  await sql.query(
    `update api_key set last_used_at = now()
     where id = $1 and (last_used_at is null or last_used_at < now() - ${USED_AT_MOST_EVERY})`,
    [id],
    'mark-key-used',
  )
}

/** A session in force: not signed out, not over, not idle for too long, and its key (if it has one) still alive. */
export async function findLiveSession(sql: Sql, hash: Buffer, idleMs: number): Promise<SessionRow | null> {
  const rows = await sql.query<SessionRow>(
    `select s.id, s.workspace_id as "workspaceId", s.key_id as "keyId", s.actor, s.permissions,
       s.expires_at as "expiresAt"
     from portal_session s left join api_key k on k.id = s.key_id
     where s.session_hash = $1 and s.revoked_at is null and s.expires_at > now()
       and s.last_seen_at > now() - $2 * interval '1 millisecond'
       and (s.key_id is null or (k.revoked_at is null and (k.expires_at is null or k.expires_at > now())))`,
    [hash, idleMs],
    'find-live-session',
  )
  return rows[0] ?? null
}

/** Writes at most once a minute, however often it is called. */
export async function markSessionSeen(sql: Sql, id: string): Promise<void> {
  await sql.query(
    `update portal_session set last_seen_at = now()
     where id = $1 and last_seen_at < now() - ${USED_AT_MOST_EVERY}`,
    [id],
    'mark-session-seen',
  )
}
