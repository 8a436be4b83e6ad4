import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

import { checkSignatures, type SignatureCheck } from './signature-check.ts'

const HOST = '127.0.0.1'
const BODY_BYTES_MAX = 1 << 20

export interface InboxOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** The secrets that may sign what is sent to this URL's origin, looked up again when one does not match. */
  readonly secretsFor: (origin: string) => Promise<readonly string[]>
  /** What the lines call this receiver. */
  readonly name: string
  /** One line for each delivery. */
  readonly print: (line: string) => void
  /** The status to answer a verified delivery with; 200 unless told. */
  readonly chooseStatus?: () => number
}

export interface Inbox {
  /** Origin, without a path. */
  readonly url: string
  close: () => Promise<void>
}

/** A receiver on loopback that verifies what it gets, prints a line for it and answers. */
export async function startInbox(options: InboxOptions): Promise<Inbox> {
  let secrets: readonly string[] = []
  let origin = ''
  const check = async (request: IncomingMessage, body: Buffer): Promise<SignatureCheck> => {
    const checkNow = (): SignatureCheck => checkSignatures(request.headers, body, secrets, Date.now() / 1000)
    const result = checkNow()
    if (result.ok) return result
    // The webhook may be newer than what we know, or its secret.
    secrets = await options.secretsFor(origin)
    return checkNow()
  }
  const server = createServer((request, response) => {
    answer(request, response, check, options).catch(() => {
      response.destroy()
    })
  })
  server.listen({ host: HOST, port: options.port })
  await once(server, 'listening')
  const address = server.address()
  origin = `http://${HOST}:${address === null || typeof address === 'string' ? options.port : address.port}`
  return {
    url: origin,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await Promise.resolve()
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  check: (request: IncomingMessage, body: Buffer) => Promise<SignatureCheck>,
  { name, print, chooseStatus }: InboxOptions,
): Promise<void> {
  if (request.method !== 'POST') {
    respond(
      response,
      405,
      'This is the inbox of a local Postrider: it takes webhooks by POST and prints them.',
    )
    return
  }
  const body = await readBody(request)
  const result = await check(request, body)
  const status = result.ok ? (chooseStatus?.() ?? 200) : 401
  print(describe(name, request, result, status))
  respond(response, status, result.ok ? 'received' : `not accepted: ${result.reason}`)
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) throw new Error('The body is larger than anything that Postrider sends.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function describe(
  name: string,
  { headers }: IncomingMessage,
  result: SignatureCheck,
  status: number,
): string {
  const show = (name: string): string => String(headers[name] ?? '?').replace(/[^\x20-\x7e]/g, '?')
  return [
    new Date().toISOString(),
    name,
    show('x-webhook-event'),
    `delivery ${show('x-webhook-id')}`,
    `attempt ${show('x-webhook-attempt')}`,
    result.ok ? 'verified' : `NOT VERIFIED (${result.reason})`,
    `answered ${status}`,
  ].join('  ')
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}
