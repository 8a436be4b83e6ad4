import type { EntityManager } from '@mikro-orm/postgresql'

import type { Sql } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import { AuditEntry } from '../db/schema.ts'

/** Who changed what. `detail` holds no secret: names of what changed, and values that anyone with the log may see. */
export interface AuditRecord {
  workspaceId: string
  actor: string
  /** A noun and a verb in the past: `webhook.created`, `secret.revealed`. */
  action: string
  /** `webhook`, `api_key`, `workspace`, … */
  objectType: string
  objectId: string
  detail?: Record<string, unknown>
}

/** Adds an entry to the unit of work: it is stored by the flush that stores the change itself, or not at all. */
export function recordAudit(em: EntityManager, ids: IdSource, record: AuditRecord): void {
  em.create(AuditEntry, { id: ids.next(), at: new Date(), detail: {}, ...record }, { persist: true })
}

/** The same for changes made by hand-written SQL: call it inside their transaction. */
export async function insertAudit(sql: Sql, ids: IdSource, record: AuditRecord): Promise<void> {
  await sql.query(
    `insert into audit_entry (id, workspace_id, actor, action, object_type, object_id, detail)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      ids.next(),
      record.workspaceId,
      record.actor,
      record.action,
      record.objectType,
      record.objectId,
      JSON.stringify(record.detail ?? {}),
    ],
  )
}
