import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Reply {
  status: number
  headers?: Record<string, string>
  body?: string
}

export interface Receiver extends AsyncDisposable {
  /** With the port, as the page calls it. */
  host: string
  url: string
  /** What it answers from now on. */
  reply: Reply
  received: { path: string; headers: IncomingHttpHeaders; body: string }[]
}

/** Somebody's endpoint, which fails and recovers as a test says. */
export async function startReceiver(): Promise<Receiver> {
  const received: Receiver['received'] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (piece: string) => (body += piece))
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body })
      response.writeHead(receiver.reply.status, receiver.reply.headers)
      response.end(receiver.reply.body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const receiver: Receiver = {
    host,
    url: `http://${host}/hook`,
    reply: { status: 200 },
    received,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return receiver
}
