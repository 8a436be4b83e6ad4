import type { Socket } from 'node:net'

/** `HTTP/1.1 100` and the byte behind it: enough to tell an interim response from a final one. */
const STATUS_LINE_START = 13
const INTERIM_STATUS_LINE = /^HTTP\/1\.[01] 1(?!01)\d\d[ \r]/
const END_OF_HEAD = '\r\n\r\n'
const NOTHING = Buffer.alloc(0)

/**
 * Stands between a socket and undici's parser, which takes a `100 Continue` for an error although RFC 9110 §15.2
 * has clients skip interim responses, counts neither status line nor separators as header bytes, and does not tell
 * when the first byte came. The gate swallows interim responses; after `interimLimit` of them it stops reading, so
 * that a flood fills the peer's buffers instead of our time, and the request's deadline ends it.
 */
export class ReplyGate {
  /** Bytes that arrived since the request was written. */
  receivedBytes = 0
  /** When the first of them did, as a time of `performance.now()`. */
  firstByteAt: number | null = null

  readonly #socket: Socket
  readonly #headBytesLimit: number
  readonly #interimLimit: number
  /** Also while no reply is expected: what comes unasked is the parser's to refuse. */
  #isHeadComplete = true
  #isFinal = false
  #held: Buffer = NOTHING
  #headBytes = 0
  #interimResponses = 0

  /** Takes over `socket.read()`, through which undici gets all its bytes. */
  constructor(socket: Socket, headBytesLimit: number, interimLimit: number) {
    this.#socket = socket
    this.#headBytesLimit = headBytesLimit
    this.#interimLimit = interimLimit
    const readSocket = socket.read.bind(socket) as (size?: number) => Buffer | null
    socket.read = (size?: number) => (size === undefined ? this.#read(readSocket) : readSocket(size))
  }

  /** Called before each request is written: forgets the previous reply. */
  expectReply(): void {
    this.receivedBytes = 0
    this.firstByteAt = null
    this.#isHeadComplete = false
    this.#isFinal = false
    this.#held = NOTHING
    this.#headBytes = 0
    this.#interimResponses = 0
  }

  /** Called when the final headers are complete: from now on everything passes. */
  headIsComplete(): void {
    this.#isHeadComplete = true
  }

  #read(readSocket: () => Buffer | null): Buffer | null {
    while (this.#interimResponses <= this.#interimLimit) {
      const chunk = readSocket()
      if (chunk === null) return null
      const passed = this.#isHeadComplete ? chunk : this.#pass(chunk)
      if (passed.length > 0) return passed
    }
    return null
  }

  /** The bytes of a head that may go on to the parser; none as long as they may belong to an interim response. */
  #pass(chunk: Buffer): Buffer {
    this.firstByteAt ??= performance.now()
    this.receivedBytes += chunk.length
    let passed = chunk
    if (!this.#isFinal) {
      this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
      if (!this.#dropInterimResponses()) return NOTHING
      this.#isFinal = true
      passed = this.#held
      this.#held = NOTHING
    }
    // What passed before did not complete the head, or the gate would be open by now.
    if (this.#headBytes > this.#headBytesLimit) this.#socket.destroy()
    this.#headBytes += passed.length
    return passed
  }

  /** Whether what is held is the beginning of a final response. */
  #dropInterimResponses(): boolean {
    for (;;) {
      const start = this.#held.toString('latin1', 0, STATUS_LINE_START)
      if (!'HTTP/1.'.startsWith(start.slice(0, 7))) return true
      if (start.length < STATUS_LINE_START) return false
      if (!INTERIM_STATUS_LINE.test(start)) return true
      const end = this.#held.indexOf(END_OF_HEAD)
      if (end === -1) {
        if (this.#held.length > this.#headBytesLimit) this.#socket.destroy()
        return false
      }
      this.#held = this.#held.subarray(end + END_OF_HEAD.length)
      this.#interimResponses += 1
      if (this.#interimResponses > this.#interimLimit) return false
    }
  }
}
