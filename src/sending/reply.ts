import type { Dispatcher } from 'undici'
import type { Connection } from './connection.ts'
import { startDeadline, type CancelDeadline } from './deadline.ts'
import type { SenderLimits } from './limits.ts'
import { SendingFault } from './sending-fault.ts'

interface Message {
  path: string
  headers: Record<string, string>
  body: string
}

export type ReplyHeaders = Record<string, string | string[] | undefined>

/** What came back for one message written, or not written, on one connection. */
export type Reply =
  | {
      kind: 'answered'
      statusCode: number
      headers: ReplyHeaders
      body: Buffer
      isTruncated: boolean
      /** When the headers were complete, as a time of `performance.now()`. */
      headersAt: number
      /** From the request to the first byte of the reply. */
      firstByteMs: number | null
    }
  | { kind: 'failed'; failure: ReplyFailure; firstByteMs: number | null }
  /** The connection was lost before a single byte of the request was written. */
  | { kind: 'unsent' }

type ReplyFailure = 'connect' | 'timeout' | 'protocol'

/**
 * Posts one message and reads the reply: complete headers by `deadlineAt`, a time of `performance.now()`, then as
 * much of the body as the limits allow. Once headers are complete, nothing the body does can turn them into a failure.
 * @throws SendingFault for a message that cannot be written as HTTP.
 */
export function exchange(
  connection: Connection,
  message: Message,
  deadlineAt: number,
  limits: SenderLimits,
): Promise<Reply> {
  const reader = new ReplyReader(connection, deadlineAt, limits)
  connection.client.dispatch({ ...message, method: 'POST' }, reader)
  return reader.reply
}

/** Follows one exchange as undici reports it, and ends it when its time or its measure is full. */
class ReplyReader implements Dispatcher.DispatchHandler {
  readonly reply: Promise<Reply>
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (fault: SendingFault) => void
  readonly #connection: Connection
  readonly #limits: SenderLimits
  readonly #deadlineAt: number
  readonly #chunks: Buffer[] = []
  #bodyBytes = 0
  #sentAt: number | null = null
  #head: { statusCode: number; headers: ReplyHeaders; headersAt: number } | null = null
  #isSettled = false
  #cancelDeadline: CancelDeadline

  constructor(connection: Connection, deadlineAt: number, limits: SenderLimits) {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    this.reply = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#connection = connection
    this.#limits = limits
    this.#deadlineAt = deadlineAt
    this.#cancelDeadline = startDeadline(deadlineAt, () => this.#giveUp('timeout'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) {
      controller.abort(new Error('The attempt is over.'))
      return
    }
    this.#sentAt = performance.now()
    this.#connection.gate.expectReply()
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: ReplyHeaders,
  ): void {
    // 101 answers an upgrade that was not asked for; the parser takes any three digits for a status.
    if (statusCode < 200 || statusCode > 599) {
      this.#giveUp('protocol')
      return
    }
    const headersAt = performance.now()
    this.#connection.gate.headIsComplete()
    this.#head = { statusCode, headers, headersAt }
    // A body that came with its headers is complete by then, and needs no timer.
    queueMicrotask(() => {
      if (!this.#isSettled) this.#boundBody(headersAt + this.#limits.bodyMs)
    })
  }

  #boundBody(deadlineAt: number): void {
    this.#cancelDeadline()
    this.#cancelDeadline = startDeadline(Math.min(this.#deadlineAt, deadlineAt), () =>
      this.#giveUp('timeout'),
    )
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bodyBytes += chunk.length
    if (this.#bodyBytes > this.#limits.bodyBytes) this.#giveUp('protocol')
  }

  onResponseEnd(): void {
    this.#conclude('protocol', false)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if ('code' in error && (error.code === 'UND_ERR_INVALID_ARG' || error.code === 'UND_ERR_NOT_SUPPORTED')) {
      this.#cancelDeadline()
      this.#reject(new SendingFault('invalid_request', error))
    } else if (this.#sentAt === null) {
      this.#settle({ kind: 'unsent' })
    } else {
      this.#conclude(this.#connection.gate.receivedBytes > 0 ? 'protocol' : 'connect', true)
    }
  }

  #giveUp(failure: ReplyFailure): void {
    this.#conclude(failure, true)
    this.#connection.destroy()
  }

  /** Ends the exchange with what there is: headers are an answer, whatever became of the body. */
  #conclude(failure: ReplyFailure, isTruncated: boolean): void {
    const firstByteMs = this.#firstByteMs()
    if (this.#head === null) {
      this.#settle({ kind: 'failed', failure, firstByteMs })
    } else {
      const body = Buffer.concat(this.#chunks).subarray(0, this.#limits.bodyBytes)
      this.#settle({ kind: 'answered', ...this.#head, body, isTruncated, firstByteMs })
    }
  }

  #settle(reply: Reply): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#cancelDeadline()
    this.#resolve(reply)
  }

  #firstByteMs(): number | null {
    const { firstByteAt } = this.#connection.gate
    return this.#sentAt === null || firstByteAt === null ? null : Math.round(firstByteAt - this.#sentAt)
  }
}
