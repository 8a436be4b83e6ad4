import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface EndpointAnswer {
  status: number
  headers?: Record<string, string>
}

/** One path of a receiver, as if it were a receiver of its own. */
export interface Endpoint {
  readonly url: string
  /** Requests that are not answered yet. */
  readonly inFlight: number
  /** The most that ever were. */
  readonly inFlightMax: number
  /** Delivery ids with the time of each of their requests, by performance.now(). */
  readonly arrivals: Map<string, number[]>
  /** Event ids with the time of their first request. */
  readonly events: Map<string, number>
  /** What it answers from now on; a promise that never settles is an endpoint that hangs. */
  answer: (deliveryId: string) => EndpointAnswer | Promise<EndpointAnswer>
  forgetMax(): void
}

/** Any number of endpoints on one port. */
export async function startEndpoints() {
  const endpoints = new Map<
    string,
    (request: IncomingMessage, response: ServerResponse, eventId: string) => void
  >()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { id } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { id: string }
      endpoints.get(request.url ?? '')?.(request, response, id)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    add(answer: Endpoint['answer'] = () => ({ status: 200 })): Endpoint {
      const path = `/${endpoints.size}`
      const state = { inFlight: 0, inFlightMax: 0 }
      const endpoint: Endpoint = {
        url: origin + path,
        get inFlight() {
          return state.inFlight
        },
        get inFlightMax() {
          return state.inFlightMax
        },
        arrivals: new Map(),
        events: new Map(),
        answer,
        forgetMax() {
          state.inFlightMax = state.inFlight
        },
      }
      endpoints.set(path, (request, response, eventId) => {
        if (!endpoint.events.has(eventId)) endpoint.events.set(eventId, performance.now())
        const id = String(request.headers['x-webhook-id'])
        endpoint.arrivals.set(id, [...(endpoint.arrivals.get(id) ?? []), performance.now()])
        state.inFlight += 1
        state.inFlightMax = Math.max(state.inFlightMax, state.inFlight)
        response.on('close', () => (state.inFlight -= 1))
        void Promise.resolve(endpoint.answer(id)).then(({ status, headers }) => {
          response.writeHead(status, headers).end()
        })
      })
      return endpoint
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

export type Endpoints = Awaited<ReturnType<typeof startEndpoints>>
