import type { Database } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import { SCOPES } from '../domain/scopes.ts'
import { BOOTSTRAP_WORKSPACE_NAME } from '../usecases/bootstrap-key.ts'
import { createSignInLink } from '../usecases/portal-sessions.ts'

const LINK_LIFE_SECONDS = 86_400

/**
 * A link that signs the operator in at the settings page of workspace `default`, once, within 24 hours. Null as long as
 * there is no such workspace, because no operator key was ever made.
 */
export async function createOperatorLink(
  database: Database,
  ids: IdSource,
  publicUrl: string,
): Promise<string | null> {
  const [workspace] = await database.sql.query<{ id: string }>(
    'select id from workspace where name = $1 order by id limit 1',
    [BOOTSTRAP_WORKSPACE_NAME],
  )
  if (workspace === undefined) return null
  const owner = { workspaceId: workspace.id, actor: 'operator', keyId: null }
  const input = { permissions: SCOPES, ttlSeconds: LINK_LIFE_SECONDS, actor: 'operator' }
  const { url } = await createSignInLink({ database, ids, publicUrl }, owner, input)
  return url
}
