import type { Sql } from './database.ts'

interface KeyedRequest {
  workspaceId: string
  route: string
  key: string
  requestHash: Buffer
}

export interface KeptKey {
  requestHash: Buffer
  /** Null while the request is running. */
  status: number | null
  answer: string | null
  keyId: string | null
}

/** For how long a request may run before it counts as dead; far longer than any lasts. */
const RUNNING_MAX = `interval '60 seconds'`
const KEPT_FOR = `interval '24 hours'`

/**
 * Claims a key for the request that is about to run. A row that is too old, or whose request died, is taken over.
 * `gone`: another claim was given back between our two looks; ask again.
 */
export async function claimKey(sql: Sql, request: KeyedRequest): Promise<KeptKey | 'claimed' | 'gone'> {
  const { workspaceId, route, key, requestHash } = request
  const claimed = await sql.query(
    `insert into idempotency_key as k (workspace_id, route, key, request_hash, running_until)
     values ($1, $2, $3, $4, now() + ${RUNNING_MAX})
     on conflict (workspace_id, route, key) do update
       set request_hash = excluded.request_hash, running_until = excluded.running_until, created_at = now(),
         status = null, answer = null, key_id = null
       where k.created_at <= now() - ${KEPT_FOR} or (k.status is null and k.running_until <= now())
     returning 1`,
    [workspaceId, route, key, requestHash],
  )
  if (claimed.length > 0) return 'claimed'
  const rows = await sql.query<KeptKey>(
    `select request_hash as "requestHash", status, answer, key_id as "keyId"
     from idempotency_key where workspace_id = $1 and route = $2 and key = $3`,
    [workspaceId, route, key],
  )
  return rows[0] ?? 'gone'
}

export async function keepAnswer(
  sql: Sql,
  { workspaceId, route, key }: KeyedRequest,
  status: number,
  answer: { text: string; keyId: string | null },
): Promise<void> {
  await sql.query(
    `update idempotency_key set status = $4, answer = $5, key_id = $6, running_until = null
     where workspace_id = $1 and route = $2 and key = $3 and status is null`,
    [workspaceId, route, key, status, answer.text, answer.keyId],
  )
}

/** Gives a claim back; a kept answer stays. */
export async function forgetKey(sql: Sql, { workspaceId, route, key }: KeyedRequest): Promise<void> {
  await sql.query(
    'delete from idempotency_key where workspace_id = $1 and route = $2 and key = $3 and status is null',
    [workspaceId, route, key],
  )
}
