import { claimDueNotice, type ClaimedNotice, postponeNotice, settleNotice } from '../db/alert-notices.ts'
import type { Sql } from '../db/database.ts'
import type { SendMail } from './mailer.ts'
import { type MailContext, writeNoticeMail } from './notice-mail.ts'

export interface NoticesDeps extends MailContext {
  sql: Sql
  /** Null without a mail server: alerts then stand in the list and in the log. */
  sendMail: SendMail | null
  /** Who is written to where the workspace names nobody. */
  defaultRecipients: readonly string[]
  log: NoticeLog
}

export interface NoticeLog {
  /** An alert has opened or closed; every one is told here once, mailed or not. */
  alert(notice: NoticeFacts, isMailed: boolean): void
  /** A mail was not taken; it is tried again. */
  fault(message: string, error: unknown): void
}

/** What the log may show of a notice. */
export type NoticeFacts = Pick<
  ClaimedNotice,
  'alertId' | 'occasion' | 'kind' | 'webhookId' | 'count' | 'lastFailure' | 'lastStatusCode'
>

/** Longer than a mail can take, so that nobody else sends it meanwhile. */
const LEASE_SECONDS = 60
const RETRY_SECONDS_MIN = 5
const RETRY_SECONDS_MAX = 3_600
const NOTICES_MAX = 20

/**
 * Sends the notices that are due, one after the other, and answers how many were dealt with. Safe in any number of
 * processes: each notice is leased to one. A mail server that does not answer ends the round; the notice stays due and
 * is tried again, later each time, for as long as it takes.
 */
export async function sendDueNotices(deps: NoticesDeps): Promise<number> {
  for (let dealtWith = 0; dealtWith < NOTICES_MAX; dealtWith += 1) {
    const notice = await claimDueNotice(deps.sql, LEASE_SECONDS)
    if (notice === null || !(await deal(deps, notice))) return dealtWith
  }
  return NOTICES_MAX
}

async function deal(deps: NoticesDeps, notice: ClaimedNotice): Promise<boolean> {
  const { sql, sendMail, defaultRecipients, log } = deps
  const to = notice.recipients.length > 0 ? notice.recipients : defaultRecipients
  const isMailed = sendMail !== null && to.length > 0
  try {
    if (isMailed) await sendMail({ to, ...writeNoticeMail(notice, deps) })
  } catch (error) {
    log.fault('An alert could not be mailed yet; it is tried again.', error)
    await postponeNotice(sql, notice, retrySecondsAfter(notice.tries))
    return false
  }
  await settleNotice(sql, notice, isMailed)
  log.alert(factsOf(notice), isMailed)
  return true
}

function factsOf({
  alertId,
  occasion,
  kind,
  webhookId,
  count,
  lastFailure,
  lastStatusCode,
}: ClaimedNotice): NoticeFacts {
  return { alertId, occasion, kind, webhookId, count, lastFailure, lastStatusCode }
}

function retrySecondsAfter(tries: number): number {
  return Math.min(RETRY_SECONDS_MAX, RETRY_SECONDS_MIN * 2 ** Math.min(tries - 1, 16))
}

export interface NoticeLoop {
  /** Ends after the mail that is under way. */
  stop(): Promise<void>
}

const LOOK_EVERY_MS = 1_000

/** Looks for due notices again and again, apart from everything that delivers: a dead mail server delays nothing. */
export function startNotices(deps: NoticesDeps): NoticeLoop {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let round = Promise.resolve()

  const turn = async (): Promise<void> => {
    try {
      await sendDueNotices(deps)
    } catch (error) {
      deps.log.fault('Due alerts could not be read; they are looked for again.', error)
    }
    schedule()
  }
  const schedule = (): void => {
    if (isStopped) return
    timer = setTimeout(() => {
      round = turn()
    }, LOOK_EVERY_MS)
  }

  schedule()
  return {
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await round
    },
  }
}
