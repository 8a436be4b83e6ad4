import type { Socket } from 'node:net'
import { Client } from 'undici'
import type { SenderLimits } from './limits.ts'
import { ReplyGate } from './reply-gate.ts'

/** One open socket with the HTTP/1.1 client that speaks on it; it lives as long as the socket and never redials. */
export interface Connection {
  readonly origin: string
  readonly client: Client
  readonly gate: ReplyGate
  readonly remoteAddress: string
  /** Whether another request may be written on it. */
  isUsable(): boolean
  /** Ends it at once, whatever is under way. */
  destroy(): void
  onClose(listener: () => void): void
}

/** Wraps a socket that is already connected, vetted and, for https, secured. */
export function createConnection(
  origin: string,
  socket: Socket,
  remoteAddress: string,
  limits: SenderLimits,
): Connection {
  const gate = new ReplyGate(socket, limits.headerBytes, limits.interimResponses)
  let isHandedOver = false
  const client = new Client(origin, {
    connect: (_options, callback) => {
      // undici wants a later answer, and asks again when the socket is lost: then what waits is failed unwritten.
      const isFirst = !isHandedOver
      isHandedOver = true
      queueMicrotask(() => {
        if (isFirst) callback(null, socket)
        else callback(new Error('The connection is closed.'), null)
      })
    },
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: limits.headerBytes,
    // One deadline over the whole attempt rules; these would restart with every interim response and chunk.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: limits.idleMs,
    keepAliveMaxTimeout: limits.longestIdleMs,
    strictContentLength: true,
  })
  return {
    origin,
    client,
    gate,
    remoteAddress,
    isUsable: () => !socket.destroyed && socket.writable,
    destroy: () => {
      socket.destroy()
    },
    onClose: (listener) => {
      socket.once('close', listener)
    },
  }
}
