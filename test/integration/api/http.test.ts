import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { sendRaw, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

function event(data: unknown = { a: 1 }): Record<string, unknown> {
  return { type: 'task.created', data }
}

function expectProblem(
  answer: { status: number; headers: Headers; body: Record<string, unknown> },
  status: number,
) {
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(answer.body['status']).toBe(status)
  for (const member of ['type', 'title', 'detail', 'instance'])
    expect(answer.body[member], member).toBeTypeOf('string')
}

/** A whole request by hand; the connection is closed by the server's answer. */
function request(lines: string[], body = ''): string {
  return `${[...lines, 'Connection: close', '', ''].join('\r\n')}${body}`
}

function authorized(path: string, method = 'GET'): string[] {
  return [`${method} ${path} HTTP/1.1`, 'Host: localhost', `Authorization: Bearer ${api.key}`]
}

describe('what is not a route', () => {
  it('is a problem document', async () => {
    expectProblem(await api.call('GET', '/nowhere'), 404)
    expectProblem(await api.call('GET', '/api/v1/nowhere'), 404)
    expectProblem(await api.call('GET', '/api/v2/webhooks'), 404)
  })

  it('names the methods that a path takes', async () => {
    const answer = await api.call('PUT', '/api/v1/webhooks')
    expectProblem(answer, 405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST')
    expectProblem(await api.call('DELETE', '/api/v1/events'), 405)
    expectProblem(await api.call('OPTIONS', '/api/v1/events'), 405)
    expectProblem(await api.call('QUERY', '/api/v1/events'), 405)
    expectProblem(await api.call('QUERY', '/api/v1/nowhere'), 400)
    expectProblem(await api.call('POST', '/healthz'), 405)
  })

  it.each(['%00', '%', '%zz', '%ff', 'x'.repeat(90), '..%2f..', '0197c1a2-3b4c-7d5e-8f60-718293a4b5c6%00'])(
    'is refused for the id %s',
    async (id) => {
      const answer = await api.call('GET', `/api/v1/webhooks/${id}`)
      expect([400, 404]).toContain(answer.status)
      expectProblem(answer, answer.status)
    },
  )

  it('is refused for a path of 10 KB', async () => {
    expectProblem(await api.call('GET', `/api/v1/${'x'.repeat(10_000)}`), 404)
    expectProblem(await api.call('GET', `/api/v1/webhooks/${'x'.repeat(10_000)}`), 404)
  })
})

describe('a body', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/xml',
    'application/json; x=y',
    '',
    'json',
  ])('of the type %s is refused', async (type) => {
    const answer = await api.call('POST', '/api/v1/events', {
      raw: JSON.stringify(event()),
      headers: { 'content-type': type },
    })
    expectProblem(answer, 415)
  })

  it('in UTF-8 is accepted by any spelling of it', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
      const answer = await api.call('POST', '/api/v1/events', {
        body: event(),
        headers: { 'content-type': type },
      })
      expect(answer.status).toBe(202)
    }
  })

  it('that is compressed is refused', async () => {
    const raw = gzipSync(JSON.stringify(event()))
    expectProblem(
      await api.call('POST', '/api/v1/events', { raw, headers: { 'content-encoding': 'gzip' } }),
      415,
    )
  })

  it.each([
    ['a BOM', `\ufeff${JSON.stringify(event())}`],
    ['a trailing comma', '{"type":"task.created","data":{},}'],
    ['trailing garbage', `${JSON.stringify(event())} garbage`],
    ['a duplicate key', '{"type":"task.created","type":"task.created","data":{}}'],
    ['a duplicate key in data', '{"type":"task.created","data":{"a":1,"a":2}}'],
    ['65 levels', `{"type":"task.created","data":${'{"a":'.repeat(64)}1${'}'.repeat(64)}}`],
    ['100 000 levels', `{"type":"task.created","data":${'['.repeat(100_000)}`],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('with %s is 400', async (_name, raw) => {
    expectProblem(await api.call('POST', '/api/v1/events', { raw }), 400)
  })

  it.each([
    ['null', 'null'],
    ['an array', '[]'],
    ['a string', '"text"'],
    ['nothing', ''],
    ['no members', '{}'],
    ['__proto__', '{"type":"task.created","data":{},"__proto__":{"x":1}}'],
    ['an unknown member', '{"type":"task.created","data":{},"extra":1}'],
    ['data that is an array', '{"type":"task.created","data":[]}'],
    ['data that is null', '{"type":"task.created","data":null}'],
    ['an unknown type', '{"type":"task.exploded","data":{}}'],
    ['a number for a name', '{"type":5,"data":{}}'],
    ['NUL in a stored text', '{"type":"task.created","data":{},"workflowId":"a\\u0000"}'],
    ['an odd time', '{"type":"task.created","data":{},"timestamp":"yesterday"}'],
    ['a leap second', '{"type":"task.created","data":{},"timestamp":"2016-12-31T23:59:60Z"}'],
    ['events beside data', '{"type":"task.created","data":{},"events":[]}'],
  ])('that is JSON but holds %s is 422', async (_name, raw) => {
    const answer = await api.call('POST', '/api/v1/events', { raw })
    expectProblem(answer, 422)
    expect(answer.body['errors']).not.toEqual([])
  })

  it('is told every problem at once, by member', async () => {
    const answer = await api.call('POST', '/api/v1/api-keys', {
      body: { name: '', scopes: ['fly'], extra: 1, expiresAt: 5 },
    })
    expectProblem(answer, 422)
    const errors = answer.body['errors'] as { pointer: string; detail: string }[]
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual([
      '/expiresAt',
      '/extra',
      '/name',
      '/scopes/0',
    ])
    expect(errors.find(({ pointer }) => pointer === '/scopes/0')?.detail).toMatch(
      /one of "webhook:read".*found "fly"/,
    )
    expect(errors.find(({ pointer }) => pointer === '/extra')?.detail).toContain('Unknown member "extra"')
  })

  it('is never coerced', async () => {
    const body = { permissions: ['webhook:read'], ttlSeconds: '60', actor: 'ada' }
    expectProblem(await api.call('POST', '/api/v1/portal-sessions', { body }), 422)
  })

  it('may hold what no stored text may inside data', async () => {
    const data = '{"n":1e400,"big":9007199254740993,"f":1.0,"s":"\\u0000\\ud800"}'
    const answer = await api.call('POST', '/api/v1/events', { raw: `{"type":"task.created","data":${data}}` })
    expect(answer.status).toBe(202)
    const shown = await api.call('GET', `/api/v1/events/${String(answer.body['id'])}`)
    expect(shown.text).toContain(`"data":${data}`)
  })

  it('is 256 KiB at most, to the byte, and 4 MiB for a batch', async () => {
    const padded = (bytes: number): string => {
      const rest = JSON.stringify(event({ a: '' })).length
      return JSON.stringify(event({ a: 'x'.repeat(bytes - rest) }))
    }
    expect((await api.call('POST', '/api/v1/events', { raw: padded(262_144) })).status).toBe(202)
    expectProblem(await api.call('POST', '/api/v1/events', { raw: padded(262_145) }), 413)
    const batch = `{"events":[${padded(262_144)}]}`
    expect((await api.call('POST', '/api/v1/events/batch', { raw: batch })).status).toBe(202)
    const large = `{"events":[${Array.from({ length: 17 }, () => padded(262_144)).join(',')}]}`
    expectProblem(await api.call('POST', '/api/v1/events/batch', { raw: large }), 413)
  })

  it('is read to its end before it is refused, so that whoever still writes gets the answer', async () => {
    const raw = 'x'.repeat(12 * 1024 * 1024)
    for (let round = 0; round < 3; round += 1) {
      expectProblem(await api.call('POST', '/api/v1/events/batch', { raw }), 413)
      const headers = { 'content-type': 'text/plain' }
      expectProblem(await api.call('POST', '/api/v1/events', { raw, headers }), 415)
    }
  })

  it('may be left out where nothing in it is required', async () => {
    const answer = await api.call('POST', '/api/v1/deliveries/0197c1a2-3b4c-7d5e-8f60-718293a4b5c6/cancel')
    expectProblem(answer, 404)
  })
})

describe('a query', () => {
  it.each([
    'limit=0',
    'limit=101',
    'limit=1.5',
    'limit=x',
    'limit=',
    'cursor=',
    'cursor=nonsense',
    'cursor=AAAA',
    'from=yesterday',
    'state=unheard',
    'webhookId=5',
    'extra=1',
    'limit=1&limit=2',
    '__proto__=1',
    'eventType=%00',
    'eventType=%zz',
    '%zz=1',
  ])('with %s is 422', async (query) => {
    const answer = await api.call('GET', `/api/v1/deliveries?${query}`)
    expectProblem(answer, 422)
  })
})

describe('what HTTP can get wrong', () => {
  it('is answered by a problem document when headers exceed 16 KiB', async () => {
    const answer = await sendRaw(
      api.url,
      request([...authorized('/api/v1/webhooks'), `X-Large: ${'x'.repeat(17_000)}`]),
    )
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(answer).toContain('application/problem+json')
    const token = await sendRaw(
      api.url,
      request(['GET /api/v1/webhooks HTTP/1.1', 'Host: x', `Authorization: Bearer ${'x'.repeat(1_000_000)}`]),
    )
    expect(token === '' || token.startsWith('HTTP/1.1 431')).toBe(true)
  })

  it('is answered on a connection that served a request before, too', async () => {
    const first = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
    const { hostname, port } = new URL(api.url)
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(Number(port), hostname, () => socket.write(first))
      socket.on('data', (chunk: Buffer) => {
        const isFirst = text === ''
        text += chunk.toString('latin1')
        if (isFirst) socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(17_000)}\r\n\r\n`)
      })
      socket.on('close', () => {
        resolve(text)
      })
    })
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*HTTP\/1\.1 431 [^]*application\/problem\+json/)
  })

  it.each([
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
    ['a space in a header name', 'GET / HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n', 400],
    [
      'two lengths',
      'POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    [
      'a length and chunks',
      'POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    [
      'an expectation nobody knows',
      'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
      417,
    ],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405],
  ])('is answered: %s', async (_name, bytes, status) => {
    const answer = await sendRaw(api.url, bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('application/problem+json')
  })

  it('takes Expect: 100-continue and ignores Upgrade', async () => {
    const body = JSON.stringify(event())
    const lines = [
      ...authorized('/api/v1/events', 'POST'),
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ]
    expect(await sendRaw(api.url, request([...lines, 'Expect: 100-continue'], body))).toMatch(
      /^HTTP\/1\.1 100 Continue[^]*202 Accepted/,
    )
    const upgrade = ['Upgrade: websocket', 'Connection: upgrade, close']
    expect(await sendRaw(api.url, request([...authorized('/api/v1/event-types'), ...upgrade]))).toMatch(
      /^HTTP\/1\.1 200 /,
    )
  })

  it('survives a caller that hangs up in the middle of its body', async () => {
    const lines = [
      ...authorized('/api/v1/events', 'POST'),
      'Content-Type: application/json',
      'Content-Length: 1000',
    ]
    const { hostname, port } = new URL(api.url)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(request(lines, '{"type":'), () => socket.destroy())
      })
      socket.on('close', () => {
        resolve()
      })
    })
    expect((await api.call('GET', '/healthz')).status).toBe(200)
  })

  it('ends a body that does not arrive', { timeout: 30_000 }, async () => {
    const lines = [
      ...authorized('/api/v1/events', 'POST'),
      'Content-Type: application/json',
      'Content-Length: 1000',
    ]
    const answer = await sendRaw(api.url, `${[...lines, '', ''].join('\r\n')}{"type":`)
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('application/problem+json')
  })
})

describe('every answer', () => {
  it('may not be kept or framed by a browser', async () => {
    const { headers } = await api.call('GET', '/api/v1/webhooks')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('ignores Accept, and HEAD is GET without a body', async () => {
    expect(
      (await api.call('GET', '/api/v1/webhooks', { headers: { accept: 'text/html' } })).headers.get(
        'content-type',
      ),
    ).toContain('application/json')
    const head = await api.call('HEAD', '/api/v1/webhooks')
    expect([head.status, head.text]).toEqual([200, ''])
  })
})

describe('the routes of the service itself', () => {
  it('need no key', async () => {
    expect((await api.call('GET', '/healthz', { key: null })).body).toEqual({ status: 'ok' })
    expect((await api.call('GET', '/readyz', { key: null })).status).toBe(200)
    expect((await api.call('GET', '/metrics', { key: null })).headers.get('content-type')).toContain(
      'text/plain',
    )
    expect((await api.call('GET', '/openapi.json', { key: null })).body['openapi']).toBe('3.1.0')
    const docs = await api.call('GET', '/docs/', { key: null })
    expect([docs.status, docs.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect((await api.call('GET', '/settings/webhooks', { key: null })).text).toContain('/api/v1')
  })

  it('say why the service is not ready', async () => {
    await using unready = await startTestApi({
      readiness: () => Promise.resolve({ ready: false, problems: ['Temporal cannot be reached.'] }),
    })
    const answer = await unready.call('GET', '/readyz', { key: null })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('2')
    expect(answer.body).toEqual({ ready: false, problems: ['Temporal cannot be reached.'] })
  })
})
