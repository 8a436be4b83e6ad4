import { setTimeout as pause } from 'node:timers/promises'

import { createTransport } from 'nodemailer'

import type { MailText } from './notice-mail.ts'

export interface Mail extends MailText {
  to: readonly string[]
}

/** Hands a mail to the mail server. Rejects when it did not take it for any recipient, within 20 seconds. */
export type SendMail = (mail: Mail) => Promise<void>

export interface MailerOptions {
  /** `smtp://` or `smtps://`, with user and password where they are needed. */
  smtpUrl: string
  /** An address, or `Name <address>`. */
  from: string
}

const CONNECT_TIMEOUT_MS = 5_000
const SILENCE_TIMEOUT_MS = 10_000
/** The mail server's own timeouts start anew with each byte; this one does not. */
const MAIL_TIMEOUT_MS = 20_000

/** One connection per mail: alerts are rare, and a connection that was kept would mostly be a dead one. */
export function createMailer({ smtpUrl, from }: MailerOptions): SendMail {
  return async ({ to, subject, text, html }) => {
    const transport = createTransport({
      url: smtpUrl,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      dnsTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      // Nothing in our mails comes from a file or another server, whatever a text may look like.
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    const deadline = new AbortController()
    try {
      await Promise.race([
        transport.sendMail({
          from,
          to: [...to],
          subject,
          text,
          html,
          headers: { 'auto-submitted': 'auto-generated' },
        }),
        pause(MAIL_TIMEOUT_MS, undefined, { signal: deadline.signal }).then(() => {
          throw new Error(`The mail server took longer than ${MAIL_TIMEOUT_MS / 1_000} s.`)
        }),
      ])
    } finally {
      deadline.abort()
      transport.close()
    }
  }
}
