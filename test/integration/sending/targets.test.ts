import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createNameResolver, type NameResolverOptions } from '../../../src/sending/name-resolver.ts'
import { createSender, type Exchange, type Sender, type SenderOptions } from '../../../src/sending/sender.ts'
import { NO_ALLOWED_TARGETS, parseAllowedTargets, type TargetRules } from '../../../src/sending/target-url.ts'
import { createAuthority, type ServerIdentity, type TestAuthority } from '../../support/certificates.ts'
import { startNameServer, type NameAnswer, type NameServer } from '../../support/name-server.ts'
import {
  reply,
  startReceiver,
  type ReceiverScript,
  type ScriptedReceiver,
} from '../../support/scripted-receiver.ts'

const OK: ReceiverScript = { requested: (socket) => socket.write(reply('200 OK', [], 'ok')) }
/** As in production, but for plain http, which the listeners speak. */
const NOTHING_ALLOWED: TargetRules = { allowHttp: true, allowed: NO_ALLOWED_TARGETS }

function allowing(text: string): TargetRules {
  const parsed = parseAllowedTargets(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return { allowHttp: true, allowed: parsed.allowed }
}

let resources: AsyncDisposableStack

beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

function startSender(options: SenderOptions): Sender {
  const sender = createSender(options)
  resources.defer(() => sender.close())
  return sender
}

async function receive(script = OK, identity?: ServerIdentity): Promise<ScriptedReceiver> {
  return resources.use(await startReceiver(script, identity === undefined ? {} : { identity }))
}

async function nameServer(answer: Parameters<typeof startNameServer>[0]): Promise<NameServer> {
  return resources.use(await startNameServer(answer))
}

function resolverOf(server: NameServer, options: NameResolverOptions = {}) {
  return createNameResolver({ servers: [server.address], ...options })
}

function post(sender: Sender, url: string, timeoutMs = 2_000): Promise<Exchange> {
  return sender.send({ url, headers: {}, body: '{}', timeoutMs })
}

const BLOCKED = { kind: 'unreachable', failure: 'blocked_target' }

describe('with no allowed targets, nothing on loopback is connected to', () => {
  it.each([
    ['127.0.0.1'],
    ['127.8.8.8'],
    ['0.0.0.0'],
    ['[::1]'],
    ['[::]'],
    ['[::ffff:127.0.0.1]'],
    ['[::ffff:7f00:1]'],
    ['[64:ff9b::7f00:1]'],
    ['localhost'],
    ['a.localhost'],
    ['2130706433'],
    ['0x7f.1'],
    ['127.1'],
    ['127.0.0.1.'],
    ['user@127.0.0.1'],
  ])('by the literal %s', async (host) => {
    const receiver = await receive()
    const met = await post(startSender({ rules: NOTHING_ALLOWED }), `http://${host}:${receiver.port}/`)
    expect(met).toMatchObject({ outcome: BLOCKED, remoteAddress: null, statusCode: null })
    expect(receiver.connectionCount).toBe(0)
  })

  it.each([
    ['loopback', ['127.0.0.1']],
    ['IPv6 loopback', ['::1']],
    ['a mapped address', ['::ffff:7f00:1']],
    ['unspecified', ['0.0.0.0']],
    ['a private address', ['10.0.0.1']],
    ['a metadata service', ['169.254.169.254']],
    ['a public address and loopback', ['93.184.216.34', '127.0.0.1']],
    ['a public address of one family and loopback of the other', ['93.184.216.34', '::1']],
    ['loopback of one family and a public address of the other', ['127.0.0.1', '2606:4700:4700::1111']],
  ] satisfies [string, string[]][])('by a name that resolves to %s', async (_what, addresses) => {
    const receiver = await receive()
    const server = await nameServer(() => addresses)
    const sender = startSender({ rules: NOTHING_ALLOWED, resolveName: resolverOf(server) })
    const met = await post(sender, `http://hooks.example.org:${receiver.port}/`)
    expect(met).toMatchObject({ outcome: BLOCKED, remoteAddress: null })
    expect(met.timings).toMatchObject({ connectMs: null, tlsMs: null })
    expect(receiver.connectionCount).toBe(0)
    expect(server.questions.map(({ type }) => type).sort()).toEqual(['A', 'AAAA'])
  })

  it('by a URL that was accepted under other rules', async () => {
    const receiver = await receive()
    const sender = startSender({ rules: { ...NOTHING_ALLOWED, allowHttp: false } })
    expect((await post(sender, `http://93.184.216.34:${receiver.port}/`)).outcome).toEqual(BLOCKED)
    expect((await post(sender, `https://93.184.216.34:6379/`)).outcome).toEqual(BLOCKED)
    expect((await post(sender, 'no url at all')).outcome).toEqual(BLOCKED)
    expect(receiver.connectionCount).toBe(0)
  })
})

describe('a name that changes its answer', () => {
  it('is judged by the answer that is connected to, every time', async () => {
    const receiver = await receive({
      requested: (socket) => socket.end(reply('200 OK', ['connection: close'])),
    })
    const answers: NameAnswer[] = [['127.0.0.1'], ['10.0.0.1'], ['127.0.0.1', '10.0.0.1'], ['127.0.0.1']]
    let asked = 0
    // A asks first for each connection, AAAA second: both see the same answer.
    const server = await nameServer(() => answers[Math.floor(asked++ / 2)] ?? [])
    const sender = startSender({ rules: allowing('127.0.0.0/8'), resolveName: resolverOf(server) })
    const kinds: string[] = []
    while (kinds.length < answers.length) {
      const { outcome } = await post(sender, `http://hooks.example.org:${receiver.port}/`)
      kinds.push(outcome.kind === 'unreachable' ? outcome.failure : outcome.kind)
    }
    expect(kinds).toEqual(['accepted', 'blocked_target', 'blocked_target', 'accepted'])
    expect(receiver.connectionCount).toBe(2)
  })

  it('is not asked again for a connection that is kept', async () => {
    const receiver = await receive()
    const server = await nameServer(() => ['127.0.0.1'])
    const sender = startSender({ rules: allowing('127.0.0.0/8'), resolveName: resolverOf(server) })
    const url = `http://hooks.example.org:${receiver.port}/`
    expect((await post(sender, url)).timings.dnsMs).not.toBeNull()
    expect((await post(sender, url)).timings).toMatchObject({ dnsMs: null, connectMs: null })
    expect(server.questions).toHaveLength(2)
    expect(receiver.connectionCount).toBe(1)
    expect(receiver.requests[0]?.headers['host']).toBe(`hooks.example.org:${receiver.port}`)
  })
})

describe('a name server', () => {
  it.each([
    ['says that there is no such name', 'NXDOMAIN'],
    ['fails', 'SERVFAIL'],
    ['keeps silent', 'silent'],
    ['knows no address', []],
  ] satisfies [string, NameAnswer][])('that %s makes a dns failure in time', async (_what, answer) => {
    const server = await nameServer(() => answer)
    const rules = allowing('127.0.0.0/8')
    const sender = startSender({ rules, resolveName: resolverOf(server), limits: { connectMs: 500 } })
    const met = await post(sender, 'http://hooks.example.org/')
    expect(met).toMatchObject({
      outcome: { kind: 'unreachable', failure: 'dns' },
      remoteAddress: null,
      timings: { connectMs: null, tlsMs: null, firstByteMs: null },
    })
    expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(1_500)
  })

  it('that is silent for one name delays no other', async () => {
    const receiver = await receive()
    const server = await nameServer(({ name }) => (name.startsWith('silent') ? 'silent' : ['127.0.0.1']))
    const sender = startSender({ rules: allowing('127.0.0.0/8'), resolveName: resolverOf(server) })
    const silent = Array.from({ length: 50 }, (_, index) =>
      post(sender, `http://silent-${index}.example.org:${receiver.port}/`, 1_000),
    )
    const met = await post(sender, `http://hooks.example.org:${receiver.port}/`)
    expect(met.outcome.kind).toBe('accepted')
    expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(500)
    for (const each of await Promise.all(silent)) {
      expect(each.outcome).toEqual({ kind: 'unreachable', failure: 'dns' })
    }
  })

  it.each([
    ['A', 'silent'],
    ['AAAA', 'silent'],
    ['AAAA', 'SERVFAIL'],
    ['AAAA', 'NXDOMAIN'],
  ] satisfies [string, NameAnswer][])(
    'that meets %s questions with %s is still usable',
    async (type, answer) => {
      const receiver = await receive()
      const address = type === 'A' ? '::1' : '127.0.0.1'
      const server = await nameServer((question) => (question.type === type ? answer : [address]))
      const sender = startSender({
        rules: allowing('127.0.0.0/8,::1/128'),
        resolveName: resolverOf(server, { otherFamilyWaitMs: 100 }),
        limits: { connectMs: 1_000 },
      })
      const met = await post(sender, `http://hooks.example.org:${receiver.port}/`)
      // Nobody listens on ::1 here: what counts is that the address was tried.
      const expected =
        type === 'A' ? { kind: 'unreachable', failure: 'connect' } : { kind: 'accepted', statusCode: 200 }
      expect(met.outcome).toEqual(expected)
    },
  )
})

describe('a name with several addresses', () => {
  it('is reached at the one that answers', async () => {
    const receiver = await receive()
    const server = await nameServer(() => ['127.0.0.1', '::1'])
    const sender = startSender({ rules: allowing('127.0.0.0/8,::1/128'), resolveName: resolverOf(server) })
    expect(await post(sender, `http://hooks.example.org:${receiver.port}/`)).toMatchObject({
      outcome: { kind: 'accepted' },
      remoteAddress: '127.0.0.1',
    })
  })

  it('is reached although the first ones refuse', async () => {
    const receiver = await receive()
    const server = await nameServer(() => ['127.0.0.2', '127.0.0.3', '127.0.0.1'])
    const sender = startSender({ rules: allowing('127.0.0.0/8'), resolveName: resolverOf(server) })
    const met = await post(sender, `http://hooks.example.org:${receiver.port}/`)
    expect(met).toMatchObject({ outcome: { kind: 'accepted' }, remoteAddress: '127.0.0.1' })
  })
})

describe('a connected socket', () => {
  it('is judged once more, and dropped before a byte is written when it is elsewhere than it was sent', async () => {
    // The system takes 0.0.0.0 for itself, so the address that is dialled is not the one that answers.
    const receiver = await receive()
    const sender = startSender({ rules: allowing('0.0.0.0') })
    const met = await post(sender, `http://0.0.0.0:${receiver.port}/`)
    expect(met).toMatchObject({ outcome: BLOCKED, remoteAddress: null })
    await receiver.allClosed()
    expect(receiver.requests).toEqual([])
  })
})

describe('allowed targets', () => {
  it('make localhost mean the loopback addresses that are allowed, without asking anybody', async () => {
    const receiver = await receive()
    const server = await nameServer(() => ['10.0.0.1'])
    const sender = startSender({ rules: allowing('127.0.0.0/8,::1/128'), resolveName: resolverOf(server) })
    expect(await post(sender, `http://localhost:${receiver.port}/`)).toMatchObject({
      outcome: { kind: 'accepted' },
      remoteAddress: '127.0.0.1',
    })
    expect(server.questions).toEqual([])
  })

  it('may be IPv6 literals, spoken to by their bracketed name', async () => {
    const receiver = resources.use(await startReceiver(OK, { host: '::1' }))
    const met = await post(startSender({ rules: allowing('::1') }), `http://[::1]:${receiver.port}/`)
    expect(met).toMatchObject({ outcome: { kind: 'accepted' }, remoteAddress: '::1' })
    expect(receiver.requests[0]?.headers['host']).toBe(`[::1]:${receiver.port}`)
  })

  it('may list a name, which may then resolve to anything', async () => {
    const receiver = await receive()
    const server = await nameServer(() => ['127.0.0.1'])
    const sender = startSender({ rules: allowing('receiver'), resolveName: resolverOf(server) })
    expect((await post(sender, `http://receiver:${receiver.port}/`)).outcome.kind).toBe('accepted')
    expect((await post(sender, `http://hooks.example.org:${receiver.port}/`)).outcome).toEqual(BLOCKED)
    expect((await post(sender, `http://127.0.0.1:${receiver.port}/`)).outcome).toEqual(BLOCKED)
  })
})

describe('the environment', () => {
  it('cannot send requests through a proxy', async () => {
    const proxy = await receive()
    const receiver = await receive()
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']
    for (const name of [...names, 'NODE_USE_ENV_PROXY']) {
      const before = process.env[name]
      process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : `http://127.0.0.1:${proxy.port}`
      resources.defer(() => {
        if (before === undefined) Reflect.deleteProperty(process.env, name)
        else process.env[name] = before
      })
    }
    const sender = startSender({ rules: allowing('127.0.0.0/8') })
    expect((await post(sender, `http://127.0.0.1:${receiver.port}/`)).outcome.kind).toBe('accepted')
    expect(proxy.connectionCount).toBe(0)
  })
})

describe('TLS', () => {
  let authority: TestAuthority
  let good: ServerIdentity
  let byAddress: ServerIdentity
  let expired: ServerIdentity
  let selfSigned: ServerIdentity

  beforeAll(async () => {
    authority = await createAuthority()
    good = await authority.issue('DNS:hooks.example.org')
    byAddress = await authority.issue('IP:127.0.0.1')
    expired = await authority.issue('DNS:hooks.example.org', { expired: true })
    selfSigned = await authority.issueSelfSigned('DNS:hooks.example.org')
  })
  afterAll(() => authority[Symbol.asyncDispose]())

  async function postTo(
    identity: ServerIdentity,
    options: { host?: string; script?: ReceiverScript; trusted?: boolean } = {},
  ): Promise<{ met: Exchange; again: Exchange; receiver: ScriptedReceiver }> {
    const receiver = await receive(options.script ?? OK, identity)
    const server = await nameServer(() => ['127.0.0.1'])
    const sender = startSender({
      rules: { ...allowing('127.0.0.0/8'), allowHttp: false },
      resolveName: resolverOf(server),
      trustedCertificates: options.trusted === false ? [] : [authority.certificate],
      limits: { connectMs: 500 },
    })
    const url = `https://${options.host ?? 'hooks.example.org'}:${receiver.port}/`
    return { met: await post(sender, url), again: await post(sender, url), receiver }
  }

  it('with a certificate of a trusted authority for the name is spoken, at least version 1.2', async () => {
    let protocol: string | null = null
    let servername: unknown = null
    const { met, again, receiver } = await postTo(good, {
      script: {
        connected: (socket) => {
          const secure = socket as unknown as { getProtocol(): string | null; servername: unknown }
          protocol = secure.getProtocol()
          servername = secure.servername
        },
        ...OK,
      },
    })
    expect(met).toMatchObject({
      outcome: { kind: 'accepted' },
      remoteAddress: '127.0.0.1',
      responseBody: 'ok',
    })
    expect(met.timings.tlsMs).not.toBeNull()
    expect(again).toMatchObject({ outcome: { kind: 'accepted' }, timings: { tlsMs: null } })
    expect(receiver.connectionCount).toBe(1)
    expect(protocol).toMatch(/^TLSv1\.[23]$/)
    expect(servername).toBe('hooks.example.org')
  })

  it('with a certificate for the address is spoken to an address', async () => {
    const { met } = await postTo(byAddress, { host: '127.0.0.1' })
    expect(met.outcome.kind).toBe('accepted')
  })

  it.each([
    ['an expired certificate', () => expired, {}],
    ['a certificate for another name', () => good, { host: 'other.example.org' }],
    ['a certificate for a name, at an address', () => good, { host: '127.0.0.1' }],
    ['a self-signed certificate', () => selfSigned, {}],
    ['a certificate of an authority nobody trusts', () => good, { trusted: false }],
  ] satisfies [string, () => ServerIdentity, object][])(
    'with %s fails, again and again, before anything is sent',
    async (_what, identity, options) => {
      const { met, again, receiver } = await postTo(identity(), options)
      for (const each of [met, again]) {
        expect(each).toMatchObject({
          outcome: { kind: 'unreachable', failure: 'tls' },
          remoteAddress: '127.0.0.1',
          timings: { firstByteMs: null },
        })
      }
      expect(receiver.requests).toEqual([])
      await receiver.allClosed()
    },
  )

  it.each([
    ['hangs', {}],
    ['is closed', { connected: (socket) => socket.end() }],
    ['is reset', { connected: (socket) => socket.once('data', () => socket.resetAndDestroy()) }],
    ['meets plain HTTP', { connected: (socket) => socket.write(reply('200 OK')) }],
  ] satisfies [string, ReceiverScript][])(
    'whose handshake %s fails as tls in time',
    async (_what, script) => {
      const receiver = await receive(script)
      const rules = allowing('127.0.0.0/8')
      const sender = startSender({ rules, limits: { connectMs: 400 } })
      const met = await post(sender, `https://127.0.0.1:${receiver.port}/`)
      expect(met.outcome).toEqual({ kind: 'unreachable', failure: 'tls' })
      expect(met.endedAt.getTime() - met.startedAt.getTime()).toBeLessThan(1_500)
      await receiver.allClosed()
      expect(receiver.requests).toEqual([])
    },
  )

  it('stays verified when the environment says not to', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      expect((await postTo(selfSigned)).met.outcome).toEqual({ kind: 'unreachable', failure: 'tls' })
    } finally {
      if (before === undefined) Reflect.deleteProperty(process.env, 'NODE_TLS_REJECT_UNAUTHORIZED')
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    }
  })

  it('whose session could be resumed does not skip the check of the name', async () => {
    const identity = { ...good, maxVersion: 'TLSv1.2' }
    const { met, again } = await postTo(identity, { host: 'other.example.org' })
    expect(met.outcome).toEqual({ kind: 'unreachable', failure: 'tls' })
    expect(again.outcome).toEqual({ kind: 'unreachable', failure: 'tls' })
  })
})
