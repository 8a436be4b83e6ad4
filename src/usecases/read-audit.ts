import type { Database } from '../db/database.ts'
import { AuditEntry } from '../db/schema.ts'

/** Who changed what in a workspace, newest first; one row more than `limit` when there are more. */
export async function listAudit(
  { database }: { database: Database },
  workspaceId: string,
  page: { limit: number; beforeId: string | null },
): Promise<AuditEntry[]> {
  return database.em().find(
    AuditEntry,
    { workspaceId, ...(page.beforeId === null ? {} : { id: { $lt: page.beforeId } }) },
    {
      orderBy: { id: 'desc' },
      limit: page.limit + 1,
    },
  )
}
