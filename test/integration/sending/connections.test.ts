import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SenderLimits } from '../../../src/sending/limits.ts'
import { createSender, type Exchange, type Sender } from '../../../src/sending/sender.ts'
import { SendingFault } from '../../../src/sending/sending-fault.ts'
import { parseAllowedTargets } from '../../../src/sending/target-url.ts'
import {
  reply,
  startDetachedReceiver,
  startReceiver,
  type ReceiverScript,
  type ScriptedReceiver,
} from '../../support/scripted-receiver.ts'

const OK = reply('200 OK', [], 'ok')
const ANSWERING: ReceiverScript = { requested: (socket) => socket.write(OK) }

let resources: AsyncDisposableStack

beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

function startSender(limits: Partial<SenderLimits> = {}): Sender {
  const parsed = parseAllowedTargets('127.0.0.0/8')
  if (!parsed.ok) throw new Error(parsed.problem)
  const sender = createSender({ rules: { allowHttp: true, allowed: parsed.allowed }, limits })
  resources.defer(() => sender.close())
  return sender
}

async function receive(script: ReceiverScript = ANSWERING): Promise<ScriptedReceiver> {
  return resources.use(await startReceiver(script))
}

function post(
  sender: Sender,
  receiver: ScriptedReceiver,
  headers: Record<string, string> = {},
): Promise<Exchange> {
  return sender.send({ url: `http://127.0.0.1:${receiver.port}/`, headers, body: '{}', timeoutMs: 1_000 })
}

describe('a kept connection', () => {
  it('serves one request after the other', async () => {
    const receiver = await receive()
    const sender = startSender()
    for (let index = 0; index < 20; index += 1) expect((await post(sender, receiver)).statusCode).toBe(200)
    expect(receiver.connectionCount).toBe(1)
    expect(receiver.requests).toHaveLength(20)
  })

  it('is not used once the server has asked to close it', async () => {
    const receiver = await receive({
      requested: (socket) => socket.write(reply('200 OK', ['connection: close'])),
    })
    const sender = startSender()
    await post(sender, receiver)
    await post(sender, receiver)
    expect(receiver.connectionCount).toBe(2)
    await receiver.allClosed()
  })

  it('that the server closed in between is replaced without a second request', async () => {
    const receiver = await receive({
      requested: (socket) => {
        socket.write(OK)
        setImmediate(() => socket.end())
      },
    })
    const sender = startSender()
    for (let index = 0; index < 20; index += 1) {
      expect((await post(sender, receiver)).outcome.kind).toBe('accepted')
      await receiver.allClosed()
    }
    expect(receiver.requests).toHaveLength(20)
  })

  it.each(['end', 'resetAndDestroy'] as const)(
    'that is lost after the request (%s) is a failure, and the request is never repeated by itself',
    async (how) => {
      const receiver = await receive({
        requested: (socket, { index }) => (index === 0 ? socket.write(OK) : socket[how]()),
      })
      const sender = startSender()
      expect((await post(sender, receiver)).outcome.kind).toBe('accepted')
      expect((await post(sender, receiver)).outcome).toEqual({ kind: 'unreachable', failure: 'connect' })
      expect(receiver.requests).toHaveLength(2)
      expect(receiver.connectionCount).toBe(1)
    },
  )

  it('is given up when the server says more than it was asked', async () => {
    const poisoned = OK + reply('500 Poisoned')
    const receiver = await receive({
      requested: (socket, { connection }) => socket.write(connection === 0 ? poisoned : OK),
    })
    const sender = startSender()
    expect((await post(sender, receiver)).statusCode).toBe(200)
    expect((await post(sender, receiver)).statusCode).toBe(200)
    expect(receiver.connectionCount).toBe(2)
  })

  it('is closed when nobody needs it for a while', async () => {
    const receiver = await receive()
    await post(startSender({ idleMs: 50 }), receiver)
    await receiver.allClosed()
  })
})

describe('idle connections', () => {
  it('are bounded per origin', async () => {
    const receiver = await receive()
    const sender = startSender({ idleConnectionsPerOrigin: 3 })
    await Promise.all(Array.from({ length: 10 }, () => post(sender, receiver)))
    expect(receiver.connectionCount).toBe(10)
    await post(sender, receiver)
    expect(receiver.connectionCount).toBe(10)
    expect(receiver.openConnectionCount).toBeLessThanOrEqual(3)
  })

  it('are bounded over all origins, the longest unused going first', async () => {
    const receivers = await Promise.all(Array.from({ length: 4 }, () => receive()))
    const sender = startSender({ idleConnections: 2 })
    for (const receiver of receivers) await post(sender, receiver)
    await Promise.all(receivers.slice(0, 2).map((receiver) => receiver.allClosed()))
    expect(receivers.map((receiver) => receiver.openConnectionCount)).toEqual([0, 0, 1, 1])
  })
})

describe('our own faults', () => {
  it('reject, and nothing is sent: too many requests in flight', async () => {
    const receiver = await receive({})
    const sender = startSender({ requestsInFlight: 2 })
    const waiting = [post(sender, receiver), post(sender, receiver)]
    await expect(post(sender, receiver)).rejects.toMatchObject({ name: 'SendingFault', code: 'overloaded' })
    await Promise.all(waiting)
    expect(receiver.requests).toHaveLength(2)
  })

  it('reject, and nothing is sent: a request that is no HTTP', async () => {
    const receiver = await receive()
    const sender = startSender()
    for (const headers of [{ 'x-a': 'b\r\nc: d' }, { 'a b': 'c' }, { 'transfer-encoding': 'chunked' }]) {
      const posted = post(sender, receiver, headers)
      await expect(posted).rejects.toBeInstanceOf(SendingFault)
      await expect(posted).rejects.toMatchObject({ code: 'invalid_request' })
    }
    await receiver.allClosed()
    expect(receiver.requests).toEqual([])
    expect((await post(sender, receiver)).statusCode).toBe(200)
  })

  it('reject, and nothing is sent: the sender is closed', async () => {
    const receiver = await receive()
    const sender = startSender()
    await sender.close()
    await expect(post(sender, receiver)).rejects.toMatchObject({ code: 'closed' })
    expect(receiver.connectionCount).toBe(0)
  })
})

describe('a process that was held up itself', () => {
  it('reads what had arrived before it calls an attempt too late', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<undefined>()
    const helper = resources.use(await startDetachedReceiver(OK))
    const sender = startSender()
    const posted = sender.send({
      url: `http://127.0.0.1:${helper.port}/`,
      headers: {},
      body: '{}',
      timeoutMs: 300,
    })
    // The answer comes into the socket while nothing of this thread runs until the deadline is past; held up where
    // immediates run, the loop looks at its timers before it looks at its sockets.
    setTimeout(() => {
      setImmediate(() => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
        arrive(undefined)
      })
    }, 20)
    await arrived
    expect((await posted).outcome).toEqual({ kind: 'accepted', statusCode: 200 })
  })
})

describe('closing', () => {
  it('lets what is in flight finish and ends every connection', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<() => void>()
    const receiver = await receive({
      requested: (socket, { index }) => {
        if (index === 0) socket.write(OK)
        else arrive(() => socket.write(OK))
      },
    })
    const sender = startSender()
    await post(sender, receiver)
    const posted = post(sender, receiver)
    const answer = await arrived
    const closed = sender.close()
    answer()
    expect((await posted).outcome.kind).toBe('accepted')
    await closed
    await receiver.allClosed()
  })
})

describe('many requests', () => {
  it('go out side by side over as many connections as they need, and leave nothing behind', async () => {
    const receiver = await receive()
    const sender = startSender()
    const socketsBefore = countSockets()
    const lanes = Array.from({ length: 64 }, async () => {
      for (let index = 0; index < 50; index += 1) expect((await post(sender, receiver)).statusCode).toBe(200)
    })
    await Promise.all(lanes)
    expect(receiver.requests).toHaveLength(3_200)
    expect(receiver.connectionCount).toBeLessThanOrEqual(64)
    await sender.close()
    await receiver.allClosed()
    await expect.poll(countSockets).toBeLessThanOrEqual(socketsBefore)
  })

  it('to endpoints that fail in every way leave no socket and no timer behind', async () => {
    const scripts: ReceiverScript[] = [
      {},
      { connected: (socket) => socket.end() },
      { connected: (socket) => socket.resetAndDestroy() },
      { requested: (socket) => socket.end() },
      { requested: (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc') },
      { requested: (socket) => socket.write('garbage') },
      { requested: (socket) => socket.write(reply('200 OK', [], 'x'.repeat(100_000))) },
    ]
    const before = process.getActiveResourcesInfo().length
    const receivers = await Promise.all(scripts.map((script) => startReceiver(script)))
    const sender = startSender({ bodyMs: 200 })
    const posts = receivers.flatMap((receiver) =>
      ['http', 'https'].map((scheme) =>
        sender.send({
          url: `${scheme}://127.0.0.1:${receiver.port}/`,
          headers: {},
          body: '{}',
          timeoutMs: 300,
        }),
      ),
    )
    await Promise.all(posts)
    await sender.close()
    await Promise.all(receivers.map((receiver) => receiver.allClosed()))
    for (const receiver of receivers) await receiver[Symbol.asyncDispose]()
    await expect.poll(() => process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before)
  })
})

function countSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
}
