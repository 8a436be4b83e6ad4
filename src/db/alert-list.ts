import type { EntityManager } from '@mikro-orm/postgresql'

import type { Sql } from './database.ts'
import { Alert } from './schema.ts'

export interface AlertFilter {
  id?: string | undefined
  state?: 'open' | 'closed' | undefined
  webhookId?: string | undefined
}

/** Alerts of a workspace, newest first. */
export async function listAlerts(
  em: EntityManager,
  workspaceId: string,
  { id, state, webhookId }: AlertFilter,
  { limit, beforeId }: { limit: number; beforeId: string | null },
): Promise<Alert[]> {
  const conditions = [
    { workspaceId },
    ...(id === undefined ? [] : [{ id }]),
    ...(state === undefined ? [] : [{ state }]),
    ...(webhookId === undefined ? [] : [{ webhookId }]),
    ...(beforeId === null ? [] : [{ id: { $lt: beforeId } }]),
  ]
  return em.find(Alert, { $and: conditions }, { orderBy: { id: 'desc' }, limit })
}

/** `now` when this call set it, `known` when it stood already. */
export async function acknowledgeAlert(
  sql: Sql,
  workspaceId: string,
  id: string,
): Promise<'now' | 'known' | 'unknown'> {
  const rows = await sql.query<{ isKnown: boolean }>(
    `update alert new set acknowledged_at = coalesce(new.acknowledged_at, now())
     from (select id, acknowledged_at from alert where id = $1 and workspace_id = $2 for update) as old
     where new.id = old.id
     returning old.acknowledged_at is not null as "isKnown"`,
    [id, workspaceId],
  )
  return rows[0] === undefined ? 'unknown' : rows[0].isKnown ? 'known' : 'now'
}
