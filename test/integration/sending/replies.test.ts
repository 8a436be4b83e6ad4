import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SenderLimits } from '../../../src/sending/limits.ts'
import { createSender, type Exchange, type Sender } from '../../../src/sending/sender.ts'
import { parseAllowedTargets, type TargetRules } from '../../../src/sending/target-url.ts'
import {
  drip,
  findClosedPort,
  pour,
  reply,
  startReceiver,
  startUnansweringPort,
  type ReceiverScript,
  type ScriptedReceiver,
} from '../../support/scripted-receiver.ts'

const KIB = 1024
const OK = reply('200 OK', [], 'ok')

function loopbackRules(): TargetRules {
  const parsed = parseAllowedTargets('127.0.0.0/8,::1/128')
  if (!parsed.ok) throw new Error(parsed.problem)
  return { allowHttp: true, allowed: parsed.allowed }
}

let resources: AsyncDisposableStack

beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

function startSender(limits: Partial<SenderLimits> = {}): Sender {
  const sender = createSender({ rules: loopbackRules(), limits })
  resources.defer(() => sender.close())
  return sender
}

async function receive(script: ReceiverScript): Promise<ScriptedReceiver> {
  return resources.use(await startReceiver(script))
}

/** Answers every request with the same bytes. */
function answering(bytes: string | Buffer): ReceiverScript {
  return { requested: (socket) => socket.write(bytes) }
}

function post(sender: Sender, port: number, timeoutMs = 1_000): Promise<Exchange> {
  return sender.send({
    url: `http://127.0.0.1:${port}/hook?a=b`,
    headers: { 'x-a': 'b' },
    body: '{}',
    timeoutMs,
  })
}

/** Posts once to a receiver with this script and waits until the connection is gone when the exchange must end it. */
async function meet(script: ReceiverScript, timeoutMs = 1_000): Promise<Exchange> {
  const receiver = await receive(script)
  return post(startSender({ bodyMs: 300 }), receiver.port, timeoutMs)
}

describe('a reply', () => {
  it('of 2xx accepts, and everything about it is on record', async () => {
    const receiver = await receive(
      answering(
        reply('201 Created', ['content-type: text/plain', 'set-cookie: a=b', 'x-request-id: r1'], 'done'),
      ),
    )
    const met = await post(startSender(), receiver.port)
    expect(met).toMatchObject({
      outcome: { kind: 'accepted', statusCode: 201 },
      statusCode: 201,
      responseHeaders: { 'content-length': '4', 'content-type': 'text/plain', 'x-request-id': 'r1' },
      responseBody: 'done',
      responseBodyTruncated: false,
      remoteAddress: '127.0.0.1',
      timings: { dnsMs: null, tlsMs: null },
    })
    expect(met.timings.connectMs).toBeGreaterThanOrEqual(0)
    expect(met.timings.firstByteMs).toBeGreaterThanOrEqual(0)
    expect(met.responseTimeMs).toBeGreaterThanOrEqual(0)
    expect(met.endedAt.getTime()).toBeGreaterThanOrEqual(met.startedAt.getTime())
    expect(receiver.requests[0]?.head).toMatch(/^POST \/hook\?a=b HTTP\/1\.1\r\n/)
    expect(receiver.requests[0]).toMatchObject({
      body: '{}',
      headers: { host: `127.0.0.1:${receiver.port}`, 'x-a': 'b', 'content-length': '2' },
    })
  })

  it.each([
    ['204 without a body', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
    ['no reason', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n'],
    ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['an interim 100', `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
    [
      'interim 102 and 103 with headers',
      `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n${OK}`,
    ],
  ])('with %s accepts', async (_what, bytes) => {
    expect((await meet(answering(bytes))).outcome.kind).toBe('accepted')
  })

  it('accepts in whatever pieces it comes', async () => {
    const bytes = `HTTP/1.1 100 Continue\r\nx: y\r\n\r\n${OK}`
    const script: ReceiverScript = {
      requested: (socket) => {
        socket.setNoDelay(true)
        let sent = 0
        const timer = setInterval(() => {
          socket.write(bytes.slice(sent, (sent += 1)))
          if (sent >= bytes.length) clearInterval(timer)
        }, 1)
      },
    }
    const met = await meet(script, 5_000)
    expect(met).toMatchObject({ outcome: { kind: 'accepted' }, responseBody: 'ok' })
  })

  it.each([
    ['301 Moved Permanently', 'redirect'],
    ['302 Found', 'redirect'],
    ['303 See Other', 'redirect'],
    ['304 Not Modified', 'redirect'],
    ['307 Temporary Redirect', 'redirect'],
    ['308 Permanent Redirect', 'redirect'],
    ['400 Bad Request', 'status'],
    ['404 Not Found', 'status'],
    ['410 Gone', 'gone'],
    ['500 Internal Server Error', 'status'],
    ['599 Anything', 'status'],
  ])('of %s refuses as %s and is followed nowhere', async (statusLine, failure) => {
    const elsewhere = await receive(answering(OK))
    const location = `location: http://127.0.0.1:${elsewhere.port}/`
    const met = await meet(answering(reply(statusLine, [location])))
    expect(met.outcome).toMatchObject({
      kind: 'refused',
      failure,
      statusCode: Number(statusLine.slice(0, 3)),
    })
    expect(met.responseHeaders?.['location']).toBe(location.slice('location: '.length))
    expect(elsewhere.connectionCount).toBe(0)
  })

  it('that redirects to a metadata service is recorded, not followed', async () => {
    const met = await meet(answering(reply('302 Found', ['location: http://169.254.169.254/latest/'])))
    expect(met.outcome).toMatchObject({ failure: 'redirect', retryAfterMs: null })
    expect(met.responseHeaders?.['location']).toBe('http://169.254.169.254/latest/')
  })

  it.each([
    ['429 Too Many Requests', '7', 7_000],
    ['503 Service Unavailable', '1000000000000', 86_400_000],
    ['503 Service Unavailable', '1e12', null],
    ['503 Service Unavailable', 'garbage', null],
    ['503 Service Unavailable', 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['500 Internal Server Error', '7', null],
  ])('of %s with Retry-After %s asks for %s ms', async (statusLine, value, retryAfterMs) => {
    const met = await meet(answering(reply(statusLine, [`retry-after: ${value}`])))
    expect(met.outcome).toMatchObject({ kind: 'refused', failure: 'status', retryAfterMs })
  })

  it.each([
    ['status 099', reply('099 Strange')],
    ['status 600', reply('600 Strange')],
    ['status 999', reply('999 Strange')],
    ['status 1000', reply('1000 Strange')],
    [
      'an upgrade nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    ],
    ['a bare 101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['garbage', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/0.9', '<html>hello</html>'],
    ['a version of HTTP that is none', 'HTTP/7.7 200 OK\r\n\r\n'],
    ['binary', Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])],
    ['a broken header', 'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n'],
    ['NUL in a header', 'HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ['an unreadable length', 'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n'],
    ['one huge header', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(17 * KIB)}\r\n\r\n`],
    ['a huge header without end', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(64 * KIB)}`],
    ['very many headers', `HTTP/1.1 200 OK\r\n${'x-name: value\r\n'.repeat(2_000)}\r\n`],
    ['a huge interim response', `HTTP/1.1 103 Early Hints\r\nlink: ${'a'.repeat(17 * KIB)}`],
  ])('with %s breaks the protocol', async (_what, bytes) => {
    const met = await meet(answering(bytes))
    expect(met.outcome).toEqual({ kind: 'unreachable', failure: 'protocol' })
    expect(met).toMatchObject({
      statusCode: null,
      responseBody: null,
      responseHeaders: null,
      responseTimeMs: null,
    })
  })

  it('whose status line never ends breaks the protocol before its time is over', async () => {
    const script: ReceiverScript = {
      requested: (socket) => {
        socket.write('HTTP/1.1 200 ')
        pour(socket, () => 'a'.repeat(8 * KIB))
      },
    }
    const met = await meet(script, 10_000)
    expect(met.outcome).toEqual({ kind: 'unreachable', failure: 'protocol' })
    expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(5_000)
  })

  it('of 16 KiB headers is still read', async () => {
    const met = await meet(answering(reply('200 OK', [`x: ${'a'.repeat(15 * KIB)}`], 'ok')))
    expect(met).toMatchObject({ outcome: { kind: 'accepted' }, responseBody: 'ok' })
  })
})

describe('a body', () => {
  it('beyond 16 KiB is cut off there and its connection ended', async () => {
    const receiver = await receive(answering(reply('200 OK', [], 'x'.repeat(16 * KIB + 1))))
    const met = await post(startSender(), receiver.port)
    expect(met).toMatchObject({ outcome: { kind: 'accepted' }, responseBodyTruncated: true })
    expect(met.responseBody).toBe('x'.repeat(16 * KIB))
    await receiver.allClosed()
  })

  it('of exactly 16 KiB is whole', async () => {
    const met = await meet(answering(reply('200 OK', [], 'x'.repeat(16 * KIB))))
    expect(met.responseBody).toHaveLength(16 * KIB)
    expect(met.responseBodyTruncated).toBe(false)
  })

  it('without end costs neither memory nor time', async () => {
    const receiver = await receive({
      requested: (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
        pour(socket, () => `10000\r\n${'x'.repeat(64 * KIB)}\r\n`)
      },
    })
    const sender = startSender()
    const before = process.memoryUsage.rss()
    const all = await Promise.all(Array.from({ length: 50 }, () => post(sender, receiver.port, 10_000)))
    for (const met of all) {
      expect(met).toMatchObject({ outcome: { kind: 'accepted' }, responseBodyTruncated: true })
      expect(met.responseBody).toHaveLength(16 * KIB)
      expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(5_000)
    }
    await receiver.allClosed()
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * KIB * KIB)
  })

  it('that drips is left after its time, and the reply stands', async () => {
    const receiver = await receive({
      requested: (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n')
        drip(socket, 20, () => 'x')
      },
    })
    const met = await post(startSender({ bodyMs: 300 }), receiver.port, 10_000)
    expect(met).toMatchObject({ outcome: { kind: 'accepted' }, responseBodyTruncated: true })
    expect(met.responseBody).toMatch(/^x+$/)
    expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(2_000)
    await receiver.allClosed()
  })

  it('that hangs ends with the attempt when that is sooner', async () => {
    const script = answering('HTTP/1.1 500 Oops\r\ncontent-length: 10\r\n\r\nabc')
    const receiver = await receive(script)
    const met = await post(startSender(), receiver.port, 200)
    expect(met).toMatchObject({ outcome: { kind: 'refused', failure: 'status' }, responseBody: 'abc' })
    expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(1_500)
  })

  it.each([
    ['is reset', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', 'abc'],
    ['is cut off', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n', 'abc'],
    ['has broken chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n', 'abc'],
    ['is longer than it says', `${reply('200 OK', [], 'abc')}def`, 'abc'],
    ['has no length and ends with the connection', 'HTTP/1.1 200 OK\r\n\r\nabc', 'abc'],
  ])('that %s does not take the acceptance back', async (what, bytes, body) => {
    const met = await meet({
      requested: (socket) => {
        socket.write(bytes, () =>
          what === 'is reset' ? setTimeout(() => socket.resetAndDestroy(), 50) : socket.end(),
        )
      },
    })
    expect(met).toMatchObject({ outcome: { kind: 'accepted', statusCode: 200 }, responseBody: body })
  })

  it('compressed against our wish is kept as it came, not inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * KIB * KIB))
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`
    const met = await meet(answering(Buffer.concat([Buffer.from(head), bomb])))
    expect(met.outcome.kind).toBe('accepted')
    expect(met.responseBody?.length).toBeLessThanOrEqual(16 * KIB)
  })

  it('with NUL and broken UTF-8 is made storable', async () => {
    const bytes = Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\na\0b'),
      Buffer.from([0xff, 0xed, 0xa0]),
    ])
    const met = await meet(answering(bytes))
    expect(met.responseBody).toMatch(/^a\ufffdb\ufffd+$/)
  })

  it('that echoes what is confidential is stored without it', async () => {
    const receiver = await receive(
      answering(reply('200 OK', ['server: token-of-theirs'], 'you sent token-of-theirs')),
    )
    const met = await startSender().send({
      url: `http://127.0.0.1:${receiver.port}/`,
      headers: { authorization: 'token-of-theirs' },
      body: '{}',
      timeoutMs: 1_000,
      confidential: ['token-of-theirs'],
    })
    expect(met.responseBody).toBe('you sent ••••')
    expect(JSON.stringify(met)).not.toContain('token-of-theirs')
  })
})

describe('no reply', () => {
  it('when nobody listens is a failure to connect', async () => {
    const met = await post(startSender(), await findClosedPort())
    expect(met).toMatchObject({
      outcome: { kind: 'unreachable', failure: 'connect' },
      remoteAddress: '127.0.0.1',
    })
  })

  it('when the connection is not answered is a failure to connect, after the connect time', async () => {
    const unanswering = resources.use(await startUnansweringPort())
    const sender = startSender({ connectMs: 300 })
    const met = await post(sender, unanswering.port, 10_000)
    expect(met.outcome).toEqual({ kind: 'unreachable', failure: 'connect' })
    expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(2_000)
    const shorter = await post(sender, unanswering.port, 100)
    expect(shorter.outcome).toEqual({ kind: 'unreachable', failure: 'connect' })
  })

  it.each([
    ['closed at once', { connected: (socket) => socket.end() }, 'connect'],
    ['reset at once', { connected: (socket) => socket.resetAndDestroy() }, 'connect'],
    ['closed after the request', { requested: (socket) => socket.end() }, 'connect'],
    ['reset after the request', { requested: (socket) => socket.resetAndDestroy() }, 'connect'],
    ['closed in the status line', { requested: (socket) => socket.end('HTTP/1.') }, 'protocol'],
    [
      'closed in the headers',
      { requested: (socket) => socket.end('HTTP/1.1 200 OK\r\nx: y\r\n') },
      'protocol',
    ],
    [
      'closed after an interim reply',
      { requested: (socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n') },
      'protocol',
    ],
    [
      'reset in the headers',
      {
        requested: (socket) => {
          socket.write('HTTP/1.1 200 OK\r\n', () => setTimeout(() => socket.resetAndDestroy(), 50))
        },
      },
      'protocol',
    ],
    ['left open in silence', {}, 'timeout'],
    ['left open in the status line', answering('HTTP/1.1 20'), 'timeout'],
    ['left open in the headers', answering('HTTP/1.1 200 OK\r\nx: y\r\n'), 'timeout'],
  ] satisfies [string, ReceiverScript, string][])(
    'when the connection is %s',
    async (_how, script, failure) => {
      const receiver = await receive(script)
      const met = await post(startSender(), receiver.port, 500)
      expect(met.outcome).toEqual({ kind: 'unreachable', failure })
      expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(2_000)
      await receiver.allClosed()
      expect(receiver.requests.length).toBeLessThanOrEqual(1)
    },
  )

  it('in time is a timeout, however busily the headers drip', async () => {
    const met = await meet({
      requested: (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n')
        drip(socket, 20, () => 'x: y\r\n')
      },
    })
    expect(met.outcome).toEqual({ kind: 'unreachable', failure: 'timeout' })
    expect(met.timings.firstByteMs).not.toBeNull()
  })

  it.each(['100 Continue', '102 Processing', '103 Early Hints'])(
    'but interim ones, dripping or flooding (%s), is a timeout that costs little',
    async (statusLine) => {
      const interim = `HTTP/1.1 ${statusLine}\r\n\r\n`
      const flooding: ReceiverScript = { requested: (socket) => pour(socket, () => interim.repeat(500)) }
      const dripping: ReceiverScript = { requested: (socket) => drip(socket, 20, () => interim) }
      const cpuBefore = process.cpuUsage()
      for (const script of [flooding, dripping]) {
        const met = await meet(script, 700)
        expect(met.outcome).toEqual({ kind: 'unreachable', failure: 'timeout' })
        expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(2_000)
      }
      const cpu = process.cpuUsage(cpuBefore)
      expect(cpu.user + cpu.system).toBeLessThan(1_000_000)
    },
  )

  it('to a body that is never read is a timeout', async () => {
    const receiver = await receive({ connected: (socket) => socket.pause() })
    const sender = startSender()
    const url = `http://127.0.0.1:${receiver.port}/`
    const met = await sender.send({ url, headers: {}, body: 'x'.repeat(8 * KIB * KIB), timeoutMs: 500 })
    expect(met.outcome).toEqual({ kind: 'unreachable', failure: 'timeout' })
  })
})
