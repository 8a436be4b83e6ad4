// The receiver, in a process of its own: takes deliveries, counts and verifies them, or misbehaves as its paths ask.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { answerCalls, sendNotice } from './child-calls.ts'
import { type Balance, type Mark, Receipts } from './receipts.ts'
import { SignatureQueue, signingKeysOf, type SigningKeys } from './signature-queue.ts'

/**
 * `count`: 200, counted. `hang`: no answer ever. `refuse`: 500, but for every fourth request, so that no breaker opens;
 * all answers come slowly, so that nobody keeps out of the way of what is accepted. `refuse-first`: 500 to the first
 * attempt of every other event, else 200; the others keep the breaker closed.
 */
export type Behaviour = 'count' | 'hang' | 'refuse' | 'refuse-first'

export interface Endpoint {
  readonly behaviour: Behaviour
  /** Null: what comes is not verified. */
  readonly secret: string | null
}

interface OpenEndpoint {
  readonly behaviour: Behaviour
  readonly keys: SigningKeys | null
  requests: number
  readonly refused: Set<number>
}

const PROGRESS_EVERY_MS = 5
const SLOWLY_MS = 400
const NUMBER_MEMBER = '"number":'
const PUBLISHED_MEMBER = '"publishedMs":'

const endpoints = new Map<string, OpenEndpoint>()
const signatures = new SignatureQueue()
let receipts = new Receipts()
let toldOf = 0

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    receive(request, response, chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
  })
})
server.keepAliveTimeout = 120_000

function receive(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const path = request.url ?? ''
  const endpoint = endpoints.get(path)
  if (endpoint === undefined) {
    response.writeHead(404).end()
    return
  }
  endpoint.requests += 1
  if (endpoint.behaviour === 'hang') return
  const number = readNumber(body, NUMBER_MEMBER)
  const answer = (status: number, text: string): void => {
    if (endpoint.behaviour === 'refuse') setTimeout(() => response.writeHead(status).end(text), SLOWLY_MS)
    else response.writeHead(status).end(text)
  }
  if (isRefused(endpoint, number)) {
    answer(500, 'not now')
    return
  }
  answer(200, 'ok')
  receipts.add(path, number, readNumber(body, PUBLISHED_MEMBER))
  if (endpoint.keys !== null) verifyLater(request, body, endpoint.keys)
}

function isRefused(endpoint: OpenEndpoint, number: number): boolean {
  if (endpoint.behaviour === 'refuse') return endpoint.requests % 4 !== 0
  if (endpoint.behaviour !== 'refuse-first' || number % 2 === 0 || endpoint.refused.has(number)) return false
  endpoint.refused.add(number)
  return true
}

function readNumber(body: Buffer, member: string): number {
  const start = body.indexOf(member)
  if (start < 0) return 0
  return Number.parseFloat(body.toString('latin1', start + member.length, start + member.length + 24))
}

function verifyLater({ headers }: IncomingMessage, body: Buffer, key: SigningKeys): void {
  signatures.add({
    body,
    key,
    deliveryId: String(headers['webhook-id']),
    headerSignature: String(headers['x-webhook-signature']),
    standardTimestamp: String(headers['webhook-timestamp']),
    standardSignature: String(headers['webhook-signature']),
    receivedSeconds: Math.floor(Date.now() / 1_000),
  })
}

setInterval(() => {
  if (receipts.received === toldOf) return
  toldOf = receipts.received
  sendNotice('received', toldOf)
}, PROGRESS_EVERY_MS)

const calls = {
  /** At this port, or any free one if it is 0; answers which. */
  async listen(port: number): Promise<number> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  /** Forgets everything and takes deliveries at these paths only. */
  serve(wanted: Readonly<Record<string, Endpoint>>): void {
    endpoints.clear()
    receipts = new Receipts()
    toldOf = 0
    signatures.drain()
    signatures.verified = 0
    signatures.bad = 0
    for (const [path, { behaviour, secret }] of Object.entries(wanted)) {
      const keys = secret === null ? null : signingKeysOf(secret)
      endpoints.set(path, { behaviour, keys, requests: 0, refused: new Set() })
    }
    server.closeAllConnections()
  },
  mark: (_: undefined): Mark => receipts.mark(),
  latenciesSince: (start: number): Float64Array => receipts.latenciesMs.since(start),
  requestsAt: (path: string): number => endpoints.get(path)?.requests ?? 0,
  balance: ({ paths, accepted }: { paths: readonly string[]; accepted: Uint8Array }): Balance =>
    receipts.balance(paths, accepted),
  signatures(_: undefined): { verified: number; bad: number } {
    signatures.drain()
    return { verified: signatures.verified, bad: signatures.bad }
  },
}

export type ReceiverCalls = typeof calls

answerCalls(calls)
