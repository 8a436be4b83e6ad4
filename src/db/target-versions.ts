import type { Sql } from './database.ts'

/** The version of each webhook, deleted ones included, in one cheap statement. */
export async function loadTargetVersions(
  sql: Sql,
  webhookIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await sql.query<{ id: string; version: number }>(
    'select id, version from webhook where id = any ($1::uuid[])',
    [webhookIds],
    'load-target-versions',
  )
  return new Map(rows.map(({ id, version }) => [id, version]))
}
