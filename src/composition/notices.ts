import { createMailer } from '../alerts/mailer.ts'
import type { NoticesDeps } from '../alerts/notices.ts'
import type { Core } from './core.ts'

/** Alerts go to the log, and by mail where there is a mail server. */
export function noticeDeps({ config, database, logger }: Core): NoticesDeps {
  const { smtpUrl, alertEmailFrom, alertEmailTo, publicUrl, requestTimeoutMs } = config
  return {
    sql: database.sql,
    publicUrl,
    requestTimeoutMs,
    sendMail:
      smtpUrl === null ? null : createMailer({ smtpUrl, from: alertEmailFrom ?? defaultSender(publicUrl) }),
    defaultRecipients: alertEmailTo ?? [],
    log: {
      alert: (notice, isMailed) => {
        logger.warn({ ...notice, isMailed }, `An alert has ${notice.occasion}.`)
      },
      fault: (message, error) => {
        logger.warn({ err: error }, message)
      },
    },
  }
}

function defaultSender(publicUrl: string): string {
  return `Postrider <postrider@${new URL(publicUrl).hostname}>`
}
