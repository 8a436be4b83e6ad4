import type { Failure } from '../domain/attempt-outcome.ts'
import type { AlertKind } from '../domain/delivery.ts'
import type { Sql } from './database.ts'

export interface AlertNote {
  /** Of the alert, in case this note opens one. */
  id: string
  workspaceId: string
  webhookId: string
  kind: AlertKind
  deliveryId: string | null
  eventType: string | null
  lastFailure: Failure | null
  lastStatusCode: number | null
}

const OPEN = `
  insert into alert (id, workspace_id, webhook_id, kind, count, delivery_id, event_type, last_failure, last_status_code)
  select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::uuid[], $7::text[], $8::text[], $9::int[])
  on conflict (webhook_id, kind) where state = 'open' do update set
    count = alert.count + case when alert.kind = 'exhausted' then excluded.count else 0 end,
    delivery_id = excluded.delivery_id, event_type = excluded.event_type,
    last_failure = excluded.last_failure, last_status_code = excluded.last_status_code`

const CLOSE = `
  update alert set state = 'closed', closed_at = now(), close_notice_due_at = case when $3 then now() end
  where id in (
    select id from alert
    where webhook_id = any($1) and state = 'open' and ($2::text is null or kind = $2)
    order by webhook_id, kind for update
  )`

/** Opens the alert of a webhook and kind, or raises the count of the one that is open already. */
export async function openAlert(sql: Sql, note: AlertNote): Promise<void> {
  await openAlerts(sql, [note])
}

/** The same for many notes in one statement; the last one of a webhook and kind says what its alert shows. */
export async function openAlerts(sql: Sql, notes: readonly AlertNote[]): Promise<void> {
  if (notes.length === 0) return
  const merged = mergeNotes(notes)
  const column = <Key extends keyof CountedNote>(key: Key) => merged.map((note) => note[key])
  await sql.query(
    OPEN,
    [
      column('id'),
      column('workspaceId'),
      column('webhookId'),
      column('kind'),
      column('count'),
      column('deliveryId'),
      column('eventType'),
      column('lastFailure'),
      column('lastStatusCode'),
    ],
    'open_alerts',
  )
}

/**
 * Closes the open alerts of these webhooks, of one kind or of both (null). Administrators are told only when it is by
 * recovery: a success for `exhausted`, enabling for `disabled`.
 */
export async function closeAlerts(
  sql: Sql,
  webhookIds: readonly string[],
  kind: AlertKind | null,
  isRecovery: boolean,
): Promise<void> {
  if (webhookIds.length === 0) return
  await sql.query(CLOSE, [webhookIds, kind, isRecovery], 'close_alerts')
}

interface CountedNote extends AlertNote {
  count: number
}

/** One row may be touched once per statement; sorted, so that two processes lock rows in the same order. */
function mergeNotes(notes: readonly AlertNote[]): CountedNote[] {
  const merged = new Map<string, CountedNote>()
  for (const note of notes) {
    const key = `${note.webhookId}|${note.kind}`
    merged.set(key, { ...note, count: (merged.get(key)?.count ?? 0) + 1 })
  }
  return [...merged.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, note]) => note)
}
