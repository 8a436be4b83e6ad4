import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

import { HttpError, type HttpErrorCode, toProblem } from './problem.ts'

/** Node's own limits; Fastify hands them to its server. */
export const HTTP_LIMITS = {
  /** Request line and headers together. */
  maxHeaderSize: 16 * 1024,
  /** Of a request, its body included, in milliseconds. */
  requestTimeout: 15_000,
  headersTimeout: 10_000,
  /** How often the two above are looked at. */
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 72_000,
  /** Node would answer a missing Host by itself, without a body. */
  requireHostHeader: false,
} as const

/** A socket that says nothing for so long is closed. */
export const CONNECTION_TIMEOUT_MS = 60_000

const REST_BYTES_MAX = 32 * 1024 * 1024
const REST_MS_MAX = 5_000

const CLIENT_ERRORS: Record<string, [HttpErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'Request line and headers are larger than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time.'],
}

/** Answers what is no HTTP request, before Fastify sees it. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  // The peer is gone, or an answer is under way on this connection: one more would be read as a part of it.
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
    socket.destroy()
    return
  }
  const [code, detail] = CLIENT_ERRORS[error.code ?? ''] ?? [
    'malformed_request',
    'This is not an HTTP/1.1 request.',
  ]
  socket.end(rawAnswer(new HttpError(code, detail)), () => socket.destroy())
}

/** Node keeps the answer that a connection is busy with where its own handler looks for it, too. */
function isAnswering(socket: Socket & { _httpMessage?: ServerResponse | null }): boolean {
  return socket._httpMessage?.headersSent === true
}

/**
 * Reads and throws away the rest of a refused body, 32 MiB or 5 s at most. Closing a connection that still holds unread
 * bytes resets it, and a client that is still writing would then see the reset and never the answer.
 */
export async function readRest(request: IncomingMessage): Promise<void> {
  let bytes = 0
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const done = () => {
    resolve(undefined)
  }
  const timer = setTimeout(done, REST_MS_MAX)
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > REST_BYTES_MAX) done()
  })
  for (const end of ['end', 'close', 'error']) request.once(end, done)
  request.resume()
  await promise
  clearTimeout(timer)
}

/** Answers what Node would otherwise answer without a problem document. */
export function refuseOddRequests(server: Server): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const { problem } = toProblem(
      new HttpError('expectation_failed', 'Of the expectations, only 100-continue is understood.'),
      request.url ?? '',
    )
    response.writeHead(problem.status, { 'content-type': 'application/problem+json', connection: 'close' })
    response.end(JSON.stringify(problem))
  })
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    socket.end(rawAnswer(new HttpError('method_not_allowed', 'CONNECT is not served here.')))
  })
}

function rawAnswer(error: HttpError): string {
  const { problem } = toProblem(error, '')
  const body = JSON.stringify(problem)
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
