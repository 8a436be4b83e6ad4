import type { Sql } from './database.ts'

/** How many rows one statement erases: few enough to stay far below the statement timeout. */
export const BATCH_ROWS = 1_000

/** What has no foreign key to its workspace, or too many rows for one statement, in the order in which it goes. */
export const ERASED_TABLES = ['delivery', 'event', 'statistics', 'idempotency', 'audit'] as const
export type ErasedTable = (typeof ERASED_TABLES)[number]

const STATEMENTS: Record<ErasedTable, string> = {
  delivery: `with doomed as (select id from webhook_delivery where workspace_id = $1 limit ${BATCH_ROWS}),
      attempts as (delete from delivery_attempt where delivery_id in (select id from doomed))
    delete from webhook_delivery where id in (select id from doomed) returning 1`,
  event: `delete from event where id in (select id from event where workspace_id = $1 limit ${BATCH_ROWS})
    returning 1`,
  statistics: `with doomed as (select ctid from webhook_stats
        where webhook_id in (select id from webhook where workspace_id = $1) limit ${BATCH_ROWS}),
      additions as (delete from webhook_stats_addition
        where webhook_id in (select id from webhook where workspace_id = $1))
    delete from webhook_stats where ctid in (select ctid from doomed) returning 1`,
  idempotency: `delete from idempotency_key where ctid in
      (select ctid from idempotency_key where workspace_id = $1 limit ${BATCH_ROWS}) returning 1`,
  audit: `delete from audit_entry where id in
      (select id from audit_entry where workspace_id = $1 order by id limit ${BATCH_ROWS}) returning 1`,
}

/** Takes back every key and session and turns every webhook off for good. Answers whether there is such a workspace. */
export async function closeWorkspace(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query('select 1 from workspace where id = $1 for update', [id])
  if (rows.length === 0) return false
  await sql.query('update api_key set revoked_at = now() where workspace_id = $1 and revoked_at is null', [
    id,
  ])
  await sql.query(
    'update portal_session set revoked_at = now() where workspace_id = $1 and revoked_at is null',
    [id],
  )
  await sql.query(
    `update webhook set enabled = false, deleted_at = now(), version = version + 1, updated_at = now()
     where workspace_id = $1 and deleted_at is null`,
    [id],
  )
  return true
}

/** Erases one batch; answers how many rows went. */
export async function eraseBatch(sql: Sql, table: ErasedTable, workspaceId: string): Promise<number> {
  return (await sql.query(STATEMENTS[table], [workspaceId])).length
}

/** Erases what is left: the workspace and what hangs on it by a foreign key. */
export async function eraseWorkspaceRow(sql: Sql, id: string): Promise<void> {
  await sql.query('delete from workspace where id = $1', [id])
}
