import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  to: string[]
  from: string
  /** The message as it came, headers and parts, with quoted-printable undone. */
  text: string
}

export interface MailReceiver extends AsyncDisposable {
  readonly url: string
  readonly mails: ReceivedMail[]
  /** Answers every mail with this refusal while it is set. */
  refuseWith(reason: string | null): void
}

/** A real SMTP server that keeps what it is given. With a port, one that was stopped comes back where it was. */
export async function startMailReceiver(port = 0): Promise<MailReceiver> {
  const mails: ReceivedMail[] = []
  let refusal: string | null = null
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (refusal !== null) {
          callback(Object.assign(new Error(refusal), { responseCode: 451 }))
          return
        }
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          to: rcptTo.map(({ address }) => address),
          from: mailFrom === false ? '' : mailFrom.address,
          text: decodeQuotedPrintable(Buffer.concat(chunks).toString('utf8')),
        })
        callback()
      })
    },
  })
  smtp.on('error', () => undefined)
  const listener: Server = smtp.listen(port, '127.0.0.1')
  if (!listener.listening) await once(listener, 'listening')
  return {
    url: `smtp://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    mails,
    refuseWith(reason) {
      refusal = reason
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        smtp.close(() => {
          resolve()
        })
      })
    },
  }
}

function decodeQuotedPrintable(text: string): string {
  return text
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
