import type { Dispatcher } from 'undici'
import type { Connection } from './connection.ts'
import type { SenderLimits } from './limits.ts'
import { SendingFault } from './sending-fault.ts'

export interface Message {
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
  | { kind: 'failed'; failure: 'connect' | 'timeout' | 'protocol'; firstByteMs: number | null }
  /** The connection was lost before a single byte of the request was written. */
  | { kind: 'unsent' }

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
  return new Promise((resolve, reject) => {
    const reader = createReplyReader(connection, deadlineAt, limits, resolve, reject)
    connection.client.dispatch({ ...message, method: 'POST' }, reader)
  })
}

function createReplyReader(
  connection: Connection,
  deadlineAt: number,
  limits: SenderLimits,
  resolve: (reply: Reply) => void,
  reject: (fault: SendingFault) => void,
): Dispatcher.DispatchHandler {
  const { gate } = connection
  const chunks: Buffer[] = []
  let bodyBytes = 0
  let sentAt: number | null = null
  let isSettled = false
  let head: { statusCode: number; headers: ReplyHeaders; headersAt: number } | null = null
  let timer = setTimeout(giveUp, Math.max(0, deadlineAt - performance.now()), 'timeout')

  function settle(reply: Reply): void {
    if (isSettled) return
    isSettled = true
    clearTimeout(timer)
    resolve(reply)
  }

  function firstByteMs(): number | null {
    return sentAt === null || gate.firstByteAt === null ? null : Math.round(gate.firstByteAt - sentAt)
  }

  /** Ends the exchange with what there is: headers are an answer, whatever became of the body. */
  function conclude(failure: 'connect' | 'timeout' | 'protocol', isTruncated: boolean): void {
    if (head === null) {
      settle({ kind: 'failed', failure, firstByteMs: firstByteMs() })
    } else {
      const body = Buffer.concat(chunks).subarray(0, limits.bodyBytes)
      settle({ kind: 'answered', ...head, body, isTruncated, firstByteMs: firstByteMs() })
    }
  }

  function giveUp(failure: 'timeout' | 'protocol'): void {
    conclude(failure, true)
    connection.destroy()
  }

  return {
    onRequestStart(controller) {
      if (isSettled) {
        controller.abort(new Error('The attempt is over.'))
        return
      }
      sentAt = performance.now()
      gate.expectReply()
    },
    onResponseStart(_controller, statusCode, headers) {
      // 101 answers an upgrade that was not asked for; the parser takes three digits of any kind for a status.
      if (statusCode < 200 || statusCode > 599) {
        giveUp('protocol')
        return
      }
      const headersAt = performance.now()
      gate.headIsComplete()
      head = { statusCode, headers, headersAt }
      clearTimeout(timer)
      timer = setTimeout(giveUp, Math.max(0, Math.min(limits.bodyMs, deadlineAt - headersAt)), 'timeout')
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk)
      bodyBytes += chunk.length
      if (bodyBytes > limits.bodyBytes) giveUp('protocol')
    },
    onResponseEnd() {
      conclude('protocol', false)
    },
    onResponseError(_controller, error) {
      if ('code' in error && (error.code === 'UND_ERR_INVALID_ARG' || error.code === 'UND_ERR_NOT_SUPPORTED')) {
        clearTimeout(timer)
        reject(new SendingFault('invalid_request', error))
      } else if (sentAt === null) {
        settle({ kind: 'unsent' })
      } else {
        conclude(gate.receivedBytes > 0 || gate.isHeadTooLong ? 'protocol' : 'connect', true)
      }
    },
  }
}
