import type { Sql } from './database.ts'

/** Turns a code into a session, once: whoever comes second finds no code. */
export async function redeemCode(
  sql: Sql,
  session: { codeHash: Buffer; sessionHash: Buffer; expiresAt: Date },
): Promise<boolean> {
  const rows = await sql.query(
    `update portal_session
     set code_hash = null, session_hash = $2, expires_at = $3, last_seen_at = now()
     where code_hash = $1 and code_expires_at > now() and revoked_at is null
     returning 1`,
    [session.codeHash, session.sessionHash, session.expiresAt],
  )
  return rows.length > 0
}

/** Answers whether there was a session to end. */
export async function endSession(sql: Sql, sessionHash: Buffer): Promise<boolean> {
  const rows = await sql.query(
    'update portal_session set revoked_at = now() where session_hash = $1 and revoked_at is null returning 1',
    [sessionHash],
  )
  return rows.length > 0
}
