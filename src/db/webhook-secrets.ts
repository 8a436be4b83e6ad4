import type { Encrypted } from '../secrets/cipher.ts'
import type { Sql } from './database.ts'

export interface StoredSecret {
  id: string
  secretEncrypted: string
  createdAt: Date
  /** Until when it still signs; null for the current one. */
  expiresAt: Date | null
}

export interface NewSecret {
  id: string
  workspaceId: string
  webhookId: string
  encrypted: Encrypted
}

export async function insertSecret(sql: Sql, secret: NewSecret): Promise<void> {
  await sql.query(
    `insert into webhook_secret (id, webhook_id, workspace_id, secret_encrypted, key_id) values ($1, $2, $3, $4, $5)`,
    [secret.id, secret.webhookId, secret.workspaceId, secret.encrypted.text, secret.encrypted.keyId],
  )
}

/** The secrets that sign now, newest first. */
export async function findLiveSecrets(
  sql: Sql,
  workspaceId: string,
  webhookId: string,
): Promise<StoredSecret[]> {
  const rows = await sql.query<Omit<StoredSecret, 'createdAt' | 'expiresAt'> & Times>(
    `select id, secret_encrypted as "secretEncrypted", extract(epoch from created_at)::float8 * 1000 as "createdMs",
       extract(epoch from expires_at)::float8 * 1000 as "expiresMs"
     from webhook_secret
     where webhook_id = $1 and workspace_id = $2 and (expires_at is null or expires_at > now())
     order by id desc`,
    [webhookId, workspaceId],
  )
  return rows.map(({ createdMs, expiresMs, ...secret }) => ({
    ...secret,
    createdAt: new Date(createdMs),
    expiresAt: expiresMs === null ? null : new Date(expiresMs),
  }))
}

interface Times {
  createdMs: number
  expiresMs: number | null
}

/**
 * Ends the current secret after `overlapHours`; with 0 every live one ends now, because whoever revokes a secret does
 * not want an older one to go on signing. Secrets that have ended are removed. Answers when the last one ends.
 */
export async function expireSecrets(sql: Sql, webhookId: string, overlapHours: number): Promise<Date | null> {
  await sql.query('delete from webhook_secret where webhook_id = $1 and expires_at <= now()', [webhookId])
  if (overlapHours === 0) {
    await deleteSecrets(sql, webhookId)
    return null
  }
  const rows = await sql.query<{ ms: number }>(
    `update webhook_secret set expires_at = now() + make_interval(hours => $2)
     where webhook_id = $1 and expires_at is null
     returning extract(epoch from expires_at)::float8 * 1000 as ms`,
    [webhookId, overlapHours],
  )
  return rows[0] === undefined ? null : new Date(rows[0].ms)
}

/** Forgets all secrets of a webhook: nothing can be signed with them, or read, any more. */
export async function deleteSecrets(sql: Sql, webhookId: string): Promise<void> {
  await sql.query('delete from webhook_secret where webhook_id = $1', [webhookId])
}
