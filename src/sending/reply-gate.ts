import type { Socket } from 'node:net'

/** `HTTP/1.1 100` and the byte behind it: enough to tell an interim response from a final one. */
const STATUS_LINE_START = 13
const INTERIM_STATUS_LINE = /^HTTP\/1\.[01] 1(?!01)\d\d[ \r]/
const END_OF_HEAD = '\r\n\r\n'

export interface ReplyGate {
  /** Called before each request is written: forgets the previous reply. */
  expectReply(): void
  /** Called when the final headers are complete: from now on everything passes. */
  headIsComplete(): void
  /** Bytes that arrived since the request was written. */
  readonly receivedBytes: number
  /** When the first of them did, as a time of `performance.now()`. */
  readonly firstByteAt: number | null
  /** Whether status line and headers are longer than the limit. */
  readonly isHeadTooLong: boolean
}

/**
 * Stands between a socket and undici's parser, which takes a `100 Continue` for an error although RFC 9110 §15.2
 * has clients skip interim responses, counts neither status line nor separators as header bytes, and does not tell
 * when the first byte came. The gate swallows interim responses; after `interimLimit` of them it stops reading, so
 * that a flood fills the peer's buffers instead of our time, and the request's deadline ends it.
 */
export function installReplyGate(socket: Socket, headBytesLimit: number, interimLimit: number): ReplyGate {
  let isHeadComplete = true
  let isFinal = false
  let held: Buffer = Buffer.alloc(0)
  let headBytes = 0
  let interimResponses = 0
  let receivedBytes = 0
  let firstByteAt: number | null = null
  let isHeadTooLong = false

  const readSocket = socket.read.bind(socket) as (size?: number) => Buffer | null
  socket.read = (size?: number): Buffer | null => {
    if (size !== undefined) return readSocket(size)
    while (interimResponses <= interimLimit) {
      const chunk = readSocket()
      if (chunk === null) return null
      const passed = isHeadComplete ? chunk : pass(chunk)
      if (passed.length > 0) return passed
    }
    return null
  }

  function pass(chunk: Buffer): Buffer {
    firstByteAt ??= performance.now()
    receivedBytes += chunk.length
    if (!isFinal) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      if (!dropInterimResponses()) return held.subarray(held.length)
      chunk = held
      held = Buffer.alloc(0)
      isFinal = true
    }
    // What passed before did not complete the head, or the gate would be open by now.
    if (headBytes > headBytesLimit) destroyTooLong()
    headBytes += chunk.length
    return chunk
  }

  /** Whether what is held can go on to the parser. */
  function dropInterimResponses(): boolean {
    for (;;) {
      const start = held.toString('latin1', 0, STATUS_LINE_START)
      if (!'HTTP/1.'.startsWith(start.slice(0, 7))) return true
      if (start.length < STATUS_LINE_START) return false
      if (!INTERIM_STATUS_LINE.test(start)) return true
      const end = held.indexOf(END_OF_HEAD)
      if (end === -1) {
        if (held.length > headBytesLimit) destroyTooLong()
        return false
      }
      held = held.subarray(end + END_OF_HEAD.length)
      interimResponses += 1
      if (interimResponses > interimLimit) {
        held = Buffer.alloc(0)
        return false
      }
      if (held.length === 0) return false
    }
  }

  function destroyTooLong(): void {
    isHeadTooLong = true
    socket.destroy()
  }

  return {
    expectReply() {
      isHeadComplete = false
      isFinal = false
      held = Buffer.alloc(0)
      headBytes = 0
      interimResponses = 0
      receivedBytes = 0
      firstByteAt = null
    },
    headIsComplete() {
      isHeadComplete = true
    },
    get receivedBytes() {
      return receivedBytes
    },
    get firstByteAt() {
      return firstByteAt
    },
    get isHeadTooLong() {
      return isHeadTooLong
    },
  }
}
