import type { Sql } from './database.ts'

// Read by the indexes on the key id where a table can be large; few distinct values stand in it.
const USED = `
  select distinct key_id as "keyId" from webhook_secret
  union select distinct split_part(headers_encrypted, '.', 2) from webhook where headers_encrypted is not null
  union select distinct key_id from idempotency_key where key_id is not null`

/** The master keys that something stored still needs, but that are not at hand: with any of these, do not start. */
export async function findUnknownKeyIds(sql: Sql, knownKeyIds: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ keyId: string }>(USED)
  return rows
    .map(({ keyId }) => keyId)
    .filter((keyId) => !knownKeyIds.includes(keyId))
    .sort()
}

/** One ciphertext as it stands, with what names its row and its context. */
export interface SealedRow {
  /** Names the row within its table. */
  key: string
  workspaceId: string
  webhookId: string
  secretId: string
  /** Of kept answers. */
  route: string
  idempotencyKey: string
  text: string
}

export const SEALED_TABLES = ['webhook_secret', 'webhook', 'idempotency_key'] as const
export type SealedTable = (typeof SEALED_TABLES)[number]

// Each finds rows that another key has encrypted, behind the last one seen, so that a row that cannot be read is passed.
const FIND = {
  webhook_secret: `
    select id::text as key, workspace_id as "workspaceId", webhook_id as "webhookId", id as "secretId", '' as route,
      '' as "idempotencyKey", secret_encrypted as text
    from webhook_secret where key_id <> $1 and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    order by id limit $3`,
  webhook: `
    select id::text as key, workspace_id as "workspaceId", id as "webhookId", '' as "secretId", '' as route,
      '' as "idempotencyKey", headers_encrypted as text
    from webhook where headers_encrypted is not null and split_part(headers_encrypted, '.', 2) <> $1
      and id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    order by id limit $3`,
  idempotency_key: `
    select json_build_array(workspace_id, route, key)::text as key, workspace_id as "workspaceId", '' as "webhookId",
      '' as "secretId", route, key as "idempotencyKey", answer as text
    from idempotency_key where key_id is not null and key_id <> $1
      and ($2::text is null or (workspace_id, route, key) >
        (($2::json ->> 0)::uuid, $2::json ->> 1, $2::json ->> 2))
    order by workspace_id, route, key limit $3`,
} as const satisfies Record<SealedTable, string>

export async function findSealedRows(
  sql: Sql,
  table: SealedTable,
  currentKeyId: string,
  afterKey: string | null,
  limit: number,
): Promise<SealedRow[]> {
  return sql.query<SealedRow & Record<string, unknown>>(FIND[table], [currentKeyId, afterKey, limit])
}

// Only a row that still holds the text that was read is replaced: whoever changed it meanwhile used the new key.
const REPLACE = {
  webhook_secret: `update webhook_secret set secret_encrypted = $3, key_id = $4 where id = $1::uuid and secret_encrypted = $2 returning 1`,
  webhook: `update webhook set headers_encrypted = $3 where id = $1::uuid and headers_encrypted = $2 and $4::text is not null returning 1`,
  idempotency_key: `update idempotency_key set answer = $3, key_id = $4
    where workspace_id = ($1::json ->> 0)::uuid and route = $1::json ->> 1 and key = $1::json ->> 2 and answer = $2 returning 1`,
} as const satisfies Record<SealedTable, string>

/** Puts a new ciphertext in the place of the one that was read; false when the row has changed or gone since. */
export async function replaceSealedText(
  sql: Sql,
  table: SealedTable,
  row: SealedRow,
  sealed: { text: string; keyId: string },
): Promise<boolean> {
  const rows = await sql.query(REPLACE[table], [row.key, row.text, sealed.text, sealed.keyId])
  return rows.length === 1
}
