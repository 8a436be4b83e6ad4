import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import type { ServerIdentity } from './certificates.ts'

/** One request as it came over the wire. */
export interface ReceivedRequest {
  /** From 0, over all connections. */
  index: number
  /** Request line and headers, as written. */
  head: string
  headers: Record<string, string>
  body: string
  /** From 0: the connection it came on. */
  connection: number
}

/** What the receiver does, byte by byte; nothing at all unless told. */
export interface ReceiverScript {
  connected?: (socket: Socket) => void
  requested?: (socket: Socket, request: ReceivedRequest) => void
}

/** A TCP or TLS server that counts what reaches it and answers with the raw bytes of its script. */
export interface ScriptedReceiver extends AsyncDisposable {
  readonly port: number
  readonly requests: ReceivedRequest[]
  /** TCP connections accepted so far. */
  readonly connectionCount: number
  /** Those that are open now. */
  readonly openConnectionCount: number
  /** Resolves when no connection is open any more. */
  allClosed(): Promise<void>
}

export async function startReceiver(
  script: ReceiverScript = {},
  options: { host?: string; identity?: ServerIdentity } = {},
): Promise<ScriptedReceiver> {
  const requests: ReceivedRequest[] = []
  const open = new Set<Socket>()
  const waiting: (() => void)[] = []
  let connectionCount = 0

  const handle = (socket: Socket): void => {
    const connection = connectionCount - 1
    socket.on('error', () => undefined)
    script.connected?.(socket)
    readRequests(socket, (request) => {
      const received = { ...request, index: requests.length, connection }
      requests.push(received)
      script.requested?.(socket, received)
    })
  }
  const server: Server =
    options.identity === undefined ? createServer(handle) : createTlsServer({ ...options.identity }, handle)
  // Before the script sees a connection it is counted.
  server.prependListener('connection', (socket: Socket) => {
    connectionCount += 1
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      open.delete(socket)
      if (open.size === 0) for (const resolve of waiting.splice(0)) resolve()
    })
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    requests,
    get connectionCount() {
      return connectionCount
    },
    get openConnectionCount() {
      return open.size
    },
    async allClosed() {
      if (open.size > 0) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The bytes of a complete reply with a body and its length. */
export function reply(statusLine: string, headers: readonly string[] = [], body = ''): string {
  return [`HTTP/1.1 ${statusLine}`, `content-length: ${Buffer.byteLength(body)}`, ...headers, '', body].join(
    '\r\n',
  )
}

/** Writes `piece()` whenever the connection takes more, until it is closed: as fast as the reader reads. */
export function pour(socket: Socket, piece: () => string | Buffer): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(piece()));
  }
  socket.on('drain', write)
  write()
}

/** Writes `piece()` every `everyMs` until the connection is closed. */
export function drip(socket: Socket, everyMs: number, piece: () => string): void {
  const timer = setInterval(() => socket.write(piece()), everyMs)
  socket.on('close', () => {
    clearInterval(timer)
  })
}

/** A listening port whose queue of connections is full and never served: the kernel leaves further ones hanging. */
export async function startUnansweringPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port)
       setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
     })`,
    { eval: true },
  )
  const [port] = (await once(worker, 'message')) as [number]
  const { connect } = await import('node:net')
  // Whatever the queue's true length is, it is full once a connection hangs.
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
  await once(fillers[0] ?? worker, 'connect')
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy()
      await worker.terminate()
    },
  }
}

/** A receiver in a thread of its own, which answers every request with the same bytes 100 ms after it came. */
export async function startDetachedReceiver(
  bytes: string,
): Promise<AsyncDisposable & { readonly port: number }> {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const server = require('node:net').createServer((socket) => {
       socket.on('error', () => undefined)
       socket.on('data', () => setTimeout(() => socket.write(workerData), 100))
     })
     server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`,
    { eval: true, workerData: bytes },
  )
  const [port] = (await once(worker, 'message')) as [number]
  return {
    port,
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function findClosedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.')
  return address.port
}

function readRequests(
  socket: Socket,
  received: (request: Pick<ReceivedRequest, 'head' | 'headers' | 'body'>) => void,
): void {
  let buffered = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    for (;;) {
      const end = buffered.indexOf('\r\n\r\n')
      if (end === -1) return
      const head = buffered.toString('latin1', 0, end)
      const headers = Object.fromEntries(
        head
          .split('\r\n')
          .slice(1)
          .map((line) => [
            line.slice(0, line.indexOf(':')).toLowerCase(),
            line.slice(line.indexOf(':') + 1).trim(),
          ]),
      )
      const bodyEnd = end + 4 + Number(headers['content-length'] ?? 0)
      if (buffered.length < bodyEnd) return
      const body = buffered.toString('utf8', end + 4, bodyEnd)
      buffered = buffered.subarray(bodyEnd)
      received({ head, headers, body })
    }
  })
}
