import { acknowledgeAlert, type AlertFilter, listAlerts } from '../db/alert-list.ts'
import type { Database } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import type { Alert } from '../db/schema.ts'
import { notFound } from '../domain/errors.ts'
import { insertAudit } from './audit.ts'
import { changeDatabase, readDatabase } from './database-work.ts'
import type { Acting } from './webhook-deps.ts'

export interface Alerts {
  /** Up to `limit + 1` alerts, newest first. */
  list(
    workspaceId: string,
    filter: AlertFilter,
    page: { limit: number; beforeId: string | null },
  ): Promise<Alert[]>
  /** Sets when somebody took note of it, once; repeating changes nothing. Throws `not_found`. */
  acknowledge(acting: Acting, id: string): Promise<Alert>
}

export function createAlerts({ database, ids }: { database: Database; ids: IdSource }): Alerts {
  return {
    list: (workspaceId, filter, { limit, beforeId }) =>
      readDatabase(() => listAlerts(database.em(), workspaceId, filter, { limit: limit + 1, beforeId })),
    async acknowledge(acting, id) {
      await changeDatabase(database, async (sql) => {
        const found = await acknowledgeAlert(sql, acting.workspaceId, id)
        if (found === 'unknown') throw notFound('alert')
        if (found === 'known') return
        await insertAudit(sql, ids, {
          ...acting,
          action: 'alert.acknowledged',
          objectType: 'alert',
          objectId: id,
        })
      })
      const alert = await readDatabase(() => findAlert(database, acting.workspaceId, id))
      if (alert === null) throw notFound('alert')
      return alert
    },
  }
}

async function findAlert(database: Database, workspaceId: string, id: string): Promise<Alert | null> {
  const [alert] = await listAlerts(database.em(), workspaceId, { id }, { limit: 1, beforeId: null })
  return alert ?? null
}
