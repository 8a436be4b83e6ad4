// The floor of the direct lane: accept and commit, POST with all three signatures, record. No authentication, matching,
// address guard, lease or recovery: what a product adds is measured against it. Everything in one thread.
import { randomUUID } from 'node:crypto'

import Fastify from 'fastify'

import { createBareSender } from './bare-sender.ts'
import { type BareDelivery, type BareEvent, openBareStore } from './bare-store.ts'

const CONNECTIONS = 64
const UNRECORDED_MAX = 5_000
const BODY_BYTES_MAX = 16 * 1024 * 1024
/** How much of the queue is given back to memory at a time. */
const QUEUE_SLICE = 1_024

const env = process.env as Readonly<
  Record<'DATABASE_URL' | 'PORT' | 'TARGET' | 'PATHS' | 'SECRET' | 'SENDING', string>
>
const paths = env.PATHS.split(',')
const store = await openBareStore(env.DATABASE_URL)
const send = createBareSender({ origin: env.TARGET, secret: env.SECRET, connections: CONNECTIONS })

let queue: BareDelivery[] = []
let head = 0
let inFlight = 0
let unrecorded = 0

function pump(): void {
  while (inFlight < CONNECTIONS && unrecorded < UNRECORDED_MAX && head < queue.length) {
    const delivery = queue[head] as BareDelivery
    head += 1
    if (head === QUEUE_SLICE) {
      queue = queue.slice(head)
      head = 0
    }
    inFlight += 1
    unrecorded += 1
    void deliver(delivery)
  }
}

/** A place to send is free as soon as the answer is there; the record follows in a batch. */
async function deliver(delivery: BareDelivery): Promise<void> {
  const result = await send(delivery).finally(() => {
    inFlight -= 1
    pump()
  })
  await store.record(result)
  unrecorded -= 1
  pump()
}

/** Version 7 of RFC 9562: the time comes first, so that neighbours in time are neighbours in the index. */
function createId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

function toEvent(type: string, data: string): BareEvent {
  const id = createId()
  return {
    id,
    type,
    data,
    deliveries: paths.map((path) => ({ id: createId(), eventId: id, type, data, path })),
  }
}

async function take(events: readonly BareEvent[]): Promise<{ id: string; deliveries: number }[]> {
  await store.accept(events)
  if (env.SENDING === 'true') {
    for (const { deliveries } of events) queue.push(...deliveries)
    pump()
  }
  return events.map(({ id, deliveries }) => ({ id, deliveries: deliveries.length }))
}

const app = Fastify({ bodyLimit: BODY_BYTES_MAX })
app.removeAllContentTypeParsers()
app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => {
  done(null, body)
})
app.get('/readyz', () => 'ready')
app.post('/events', async (request, reply) => {
  const raw = request.body as string
  const { type } = JSON.parse(raw) as { type: string }
  const [result] = await take([toEvent(type, raw.slice(raw.indexOf('"data":') + 7, -1))])
  return reply.code(202).send(result)
})
app.post('/events/batch', async (request, reply) => {
  const { events } = JSON.parse(request.body as string) as { events: { type: string; data: unknown }[] }
  const results = await take(events.map(({ type, data }) => toEvent(type, JSON.stringify(data))))
  return reply.code(202).send({ data: results })
})
// A profile is written only when the process ends in order.
process.once('SIGTERM', () => process.exit(0))
await app.listen({ host: '127.0.0.1', port: Number(env.PORT) })
