import type { Failure } from '../domain/attempt-outcome.ts'
import type { AlertKind, DisabledReason } from '../domain/delivery.ts'
import type { Sql } from './database.ts'

/** One thing that administrators must be told, claimed by this process until its lease runs out. */
export interface ClaimedNotice {
  alertId: string
  /** `closed` is the recovery notice. */
  occasion: 'opened' | 'closed'
  /** Names the claim: whoever lost its lease must not mark the notice any more. */
  claim: string
  /** How often it was tried to send it, this time included. */
  tries: number
  kind: AlertKind
  count: number
  eventType: string | null
  lastFailure: Failure | null
  lastStatusCode: number | null
  openedAt: Date
  workspaceName: string
  recipients: string[]
  webhookId: string
  webhookUrl: string
  timeoutMs: number | null
  disabledReason: DisabledReason | null
}

interface Row extends Omit<ClaimedNotice, 'openedAt'> {
  openedMs: number
}

// A recovery notice waits until the one about the trouble has gone out, so that they arrive in order. Times are kept to
// the millisecond and may have been rounded up.
const CLAIM = `
  with due as (
    select id, open_notice_due_at is not null as is_opening from alert
    where open_notice_due_at <= now() + interval '1 millisecond'
      or (close_notice_due_at <= now() + interval '1 millisecond' and open_notice_due_at is null)
    order by coalesce(open_notice_due_at, close_notice_due_at) limit 1 for update skip locked
  ), claimed as (
    update alert a set notice_tries = notice_tries + 1,
      open_notice_due_at = case when due.is_opening then now() + make_interval(secs => $1) end,
      close_notice_due_at = case when due.is_opening then close_notice_due_at else now() + make_interval(secs => $1) end
    from due where a.id = due.id
    returning a.*, due.is_opening
  )
  select a.id as "alertId", case when a.is_opening then 'opened' else 'closed' end as occasion,
    (case when a.is_opening then a.open_notice_due_at else a.close_notice_due_at end)::text as claim,
    a.notice_tries as tries, a.kind, a.count, a.event_type as "eventType", a.last_failure as "lastFailure",
    a.last_status_code as "lastStatusCode", extract(epoch from a.opened_at)::float8 * 1000 as "openedMs",
    s.name as "workspaceName", s.alert_emails as recipients, w.id as "webhookId", w.url as "webhookUrl",
    w.timeout_ms as "timeoutMs", w.disabled_reason as "disabledReason"
  from claimed a join webhook w on w.id = a.webhook_id join workspace s on s.id = a.workspace_id`

/** Takes the notice that has been due for longest, for so many seconds; null when none is due. */
export async function claimDueNotice(sql: Sql, leaseSeconds: number): Promise<ClaimedNotice | null> {
  const [row] = await sql.query<Row>(CLAIM, [leaseSeconds], 'claim-notice')
  if (row === undefined) return null
  const { openedMs, ...notice } = row
  return { ...notice, openedAt: new Date(openedMs) }
}

const DUE_COLUMNS = { opened: 'open_notice_due_at', closed: 'close_notice_due_at' } as const

/** The notice has been dealt with; `isMailed` says whether a mail server took it. */
export async function settleNotice(
  sql: Sql,
  { alertId, occasion, claim }: ClaimedNotice,
  isMailed: boolean,
): Promise<void> {
  const column = DUE_COLUMNS[occasion]
  await sql.query(
    `update alert set ${column} = null, notice_tries = 0, emailed_at = case when $3 then now() else emailed_at end
     where id = $1 and ${column} = $2::timestamptz`,
    [alertId, claim, isMailed && occasion === 'opened'],
  )
}

/** The notice could not be sent and is due again after so many seconds. */
export async function postponeNotice(
  sql: Sql,
  { alertId, occasion, claim }: ClaimedNotice,
  delaySeconds: number,
): Promise<void> {
  const column = DUE_COLUMNS[occasion]
  await sql.query(
    `update alert set ${column} = now() + make_interval(secs => $3) where id = $1 and ${column} = $2::timestamptz`,
    [alertId, claim, delaySeconds],
  )
}
