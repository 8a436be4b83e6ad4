import type { Database } from '../db/database.ts'
import {
  BATCH_ROWS,
  closeWorkspace,
  eraseBatch,
  eraseWorkspaceRow,
  ERASED_TABLES,
} from '../db/workspace-erasure.ts'
import type { IdSource } from '../db/ids.ts'
import { DomainError, notFound } from '../domain/errors.ts'
import { insertAudit } from './audit.ts'
import type { Caller } from './callers.ts'
import { waitOutLeases } from './revocation.ts'

export interface EraseWorkspaceDeps {
  database: Database
  ids: IdSource
}

/**
 * Erases a tenant and all it holds. First nothing can get in or out any more (keys, sessions, webhooks), then the rows
 * go in batches, the workspace's own last: whatever interrupts it, asking again goes on where it stopped.
 */
export async function eraseWorkspace(
  { database, ids }: EraseWorkspaceDeps,
  caller: Caller,
  id: string,
): Promise<void> {
  if (id === caller.workspaceId)
    throw new DomainError('conflict', 'An operator cannot erase the workspace that their own key belongs to.')
  const isThere = await database.transaction((sql) => closeWorkspace(sql, id))
  if (!isThere) throw notFound('workspace')
  await waitOutLeases()
  for (const table of ERASED_TABLES) {
    let erased = BATCH_ROWS
    while (erased === BATCH_ROWS) erased = await eraseBatch(database.sql, table, id)
  }
  await database.transaction(async (sql) => {
    await eraseWorkspaceRow(sql, id)
    await insertAudit(sql, ids, {
      workspaceId: caller.workspaceId,
      actor: caller.actor,
      action: 'workspace.deleted',
      objectType: 'workspace',
      objectId: id,
    })
  })
}
