import type { Database } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import { SCOPES } from '../domain/scopes.ts'
import { hashKey, idTextOf, keyIdOf } from './api-key-text.ts'

export const BOOTSTRAP_WORKSPACE_NAME = 'default'

/**
 * Makes sure that the workspace `default` exists and that the operator's key once was made. One that was revoked stays
 * revoked: its row is still there. Safe to run by several processes at once. Answers the workspace's id.
 */
export async function ensureBootstrapKey(
  database: Pick<Database, 'transaction'>,
  ids: IdSource,
  keyText: string,
): Promise<{ workspaceId: string }> {
  const idText = idTextOf(keyText)
  if (idText === undefined)
    throw new TypeError('POSTRIDER_BOOTSTRAP_API_KEY is not of the form whk_live_<id>_<secret>.')
  return database.transaction(async (sql) => {
    // The first processes of a new installation start together; only one of them may make the workspace.
    await sql.query(`select pg_advisory_xact_lock(hashtext('postrider.bootstrap'))`)
    const keyId = keyIdOf(idText)
    const [made] = await sql.query<{ id: string }>('select workspace_id as id from api_key where id = $1', [
      keyId,
    ])
    if (made !== undefined) return { workspaceId: made.id }
    const [known] = await sql.query<{ id: string }>(
      'select id from workspace where name = $1 order by id limit 1',
      [BOOTSTRAP_WORKSPACE_NAME],
    )
    const workspaceId = known?.id ?? ids.next()
    if (known === undefined)
      await sql.query('insert into workspace (id, name) values ($1, $2)', [
        workspaceId,
        BOOTSTRAP_WORKSPACE_NAME,
      ])
    await sql.query(
      `insert into api_key (id, workspace_id, name, scopes, secret_hash, created_by)
       values ($1, $2, 'bootstrap', $3, $4, 'operator')`,
      [keyId, workspaceId, [...SCOPES], hashKey(keyText)],
    )
    return { workspaceId }
  })
}
