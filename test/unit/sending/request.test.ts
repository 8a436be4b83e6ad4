import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { Webhook as SvixWebhook } from 'svix'
import { describe, expect, it } from 'vitest'
import { showStoredHeaders } from '../../../src/domain/sent-headers.ts'
import { buildRequest, type OutgoingDelivery } from '../../../src/sending/request.ts'
import { checkSecret, createSigningKey, generateSecret } from '../../../src/sending/signature.ts'

const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER_SECRET = generateSecret()
const PLAIN_SECRET = 'my-own-secret-text'
const SECRETS = [STANDARD_SECRET, PLAIN_SECRET]

const DELIVERY: OutgoingDelivery = {
  deliveryId: '0199d2a0-0000-7000-8000-00000000000d',
  eventId: '0199d2a0-0000-7000-8000-00000000000e',
  eventType: 'task.created',
  eventTimestamp: '2026-01-02T03:04:05.678Z',
  workflowId: 'wf-7',
  data: '{"title":"Grüße","n":1.0}',
  attemptNumber: 3,
}

type Built = ReturnType<typeof buildRequest>

function build(
  secrets: readonly string[],
  change: Partial<OutgoingDelivery> = {},
  nowMs = Date.now(),
  customHeaders: Record<string, string> = {},
): Built {
  return buildRequest({ ...DELIVERY, ...change }, secrets.map(createSigningKey), customHeaders, nowMs)
}

const stripe = new Stripe('unused')

/** Each stock library with a secret in the way its users hand it over. */
const VERIFIERS: [name: string, verify: (built: Built, secret: string) => unknown][] = [
  [
    'standardwebhooks',
    ({ body, headers }, secret) =>
      new StandardWebhook(secret, rawWithoutPrefix(secret)).verify(body, headers),
  ],
  [
    'svix',
    ({ body, headers }, secret) => new SvixWebhook(secret, rawWithoutPrefix(secret)).verify(body, headers),
  ],
  [
    'stripe',
    ({ body, headers }, secret) =>
      stripe.webhooks.constructEvent(body, headers['x-webhook-signature'] ?? '', secret),
  ],
]

function rawWithoutPrefix(secret: string): { format: 'raw' } | undefined {
  return secret.startsWith('whsec_') ? undefined : { format: 'raw' }
}

/** The body's own signature, checked as the contract tells receivers to: cut it out, compare with an HMAC. */
function verifyBodySignature(body: string, secret: string): boolean {
  const start = body.lastIndexOf(',"signature":"')
  const end = body.indexOf('"', start + ',"signature":"'.length)
  const signature = body.slice(start + ',"signature":"'.length, end)
  const left = body.slice(0, start) + body.slice(end + 1)
  const [time = '', ...versions] = signature.split(',')
  const expected = createHmac('sha256', secret)
    .update(`${time.slice(2)}.${left}`)
    .digest('hex')
  return time.startsWith('t=') && versions.includes(`v1=${expected}`)
}

describe.each(VERIFIERS)('the stock library %s', (_name, verify) => {
  it.each(SECRETS)('verifies a request signed with %s', (secret) => {
    expect(() => verify(build([secret]), secret)).not.toThrow()
  })

  it.each([
    [STANDARD_SECRET, OTHER_SECRET],
    [PLAIN_SECRET, STANDARD_SECRET],
  ])('verifies with either of two live secrets', (newer, older) => {
    const built = build([newer, older])
    expect(() => verify(built, newer)).not.toThrow()
    expect(() => verify(built, older)).not.toThrow()
  })

  it('refuses a changed byte', () => {
    const built = build([STANDARD_SECRET])
    expect(() => verify({ ...built, body: built.body.replace('Grüße', 'Grüsse') }, STANDARD_SECRET)).toThrow()
    expect(() => verify({ ...built, body: `${built.body} ` }, STANDARD_SECRET)).toThrow()
  })

  it('refuses another secret', () => {
    expect(() => verify(build([STANDARD_SECRET]), OTHER_SECRET)).toThrow()
  })

  it('refuses a timestamp six minutes old', () => {
    const built = build([STANDARD_SECRET], {}, Date.now() - 6 * 60_000)
    expect(() => verify(built, STANDARD_SECRET)).toThrow()
  })
})

describe('the body', () => {
  it('has its members in order and the signature last', () => {
    const { body, headers } = build([STANDARD_SECRET], {}, 1_767_323_045_999)
    const [signature] = /t=\d+,v1=[0-9a-f]{64}/.exec(body) ?? []
    expect(body).toBe(
      '{"id":"0199d2a0-0000-7000-8000-00000000000e","deliveryId":"0199d2a0-0000-7000-8000-00000000000d",' +
        '"eventType":"task.created","timestamp":"2026-01-02T03:04:05.678Z","workflowId":"wf-7",' +
        `"data":{"title":"Grüße","n":1.0},"signature":"${signature ?? ''}"}`,
    )
    expect(signature).toMatch(/^t=1767323045,/)
    expect(headers['webhook-timestamp']).toBe('1767323045')
  })

  it.each(SECRETS)('carries a signature that verifies with %s', (secret) => {
    const { body } = build([secret, OTHER_SECRET])
    expect(verifyBodySignature(body, secret)).toBe(true)
    expect(verifyBodySignature(body, OTHER_SECRET)).toBe(true)
    expect(verifyBodySignature(body, generateSecret())).toBe(false)
    expect(verifyBodySignature(body.replace('wf-7', 'wf-8'), secret)).toBe(false)
  })

  it.each([
    '{"n":1.0}',
    '{"n":12345678901234567890}',
    '{"n":1e400,"m":-0}',
    '{"s":"\\u00e9\\ud83d\\ude00\\/"}',
    '{"s":"\\ud800"}',
    '{ "spaced" :\t[ ] }',
    '{"signature":"t=1,v1=00","x":{"signature":"y"}}',
    '{"x":",\\"signature\\":\\"t=1,v1=00"}',
    '{"__proto__":{"a":1}}',
    '{}',
  ])('carries data byte for byte and still verifies: %s', (data) => {
    const { body } = build(SECRETS, { data })
    expect(body).toContain(`,"data":${data},"signature":"t=`)
    for (const secret of SECRETS) expect(verifyBodySignature(body, secret)).toBe(true)
  })

  it('is JSON whatever the ids hold, and verifies with every library', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (workflowId, value) => {
        const built = build([STANDARD_SECRET], { workflowId, data: JSON.stringify(value) })
        expect(JSON.parse(built.body)).toMatchObject({
          workflowId: JSON.parse(JSON.stringify(workflowId)) as string,
        })
        expect(verifyBodySignature(built.body, STANDARD_SECRET)).toBe(true)
        for (const [, verify] of VERIFIERS) verify(built, STANDARD_SECRET)
      }),
      { numRuns: 300 },
    )
  })
})

describe('the headers', () => {
  it('name the delivery, the event and the attempt', () => {
    expect(build([STANDARD_SECRET]).headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Postrider\/\d+\.\d+\.\d+/) as string,
      'x-webhook-id': DELIVERY.deliveryId,
      'x-webhook-event': 'task.created',
      'x-webhook-attempt': '3',
      'webhook-id': DELIVERY.deliveryId,
      'accept-encoding': 'identity',
    })
  })

  it('hold one signature per live secret, newest first', () => {
    const newest = build([STANDARD_SECRET], {}, 1_000_000).headers
    const { headers, body } = build([STANDARD_SECRET, PLAIN_SECRET], {}, 1_000_000)
    expect(headers['x-webhook-signature']).toMatch(/^t=1000,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/)
    expect(headers['webhook-signature']).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/)
    const expected = createHmac('sha256', STANDARD_SECRET).update(`1000.${body}`).digest('hex')
    expect(headers['x-webhook-signature']?.split(',')[1]).toBe(`v1=${expected}`)
    expect(newest['x-webhook-signature']).toMatch(/^t=1000,v1=[0-9a-f]{64}$/)
  })

  it('take custom ones, which never replace our own', () => {
    const { headers } = build([STANDARD_SECRET], {}, Date.now(), { 'x-team': 'a', 'webhook-id': 'forged' })
    expect(headers['x-team']).toBe('a')
    expect(headers['webhook-id']).toBe(DELIVERY.deliveryId)
  })

  it('are stored without signatures and without the values of custom ones', () => {
    const custom = { authorization: 'Bearer token-of-theirs', 'webhook-id': 'forged' }
    const { headers, sentMark } = build(SECRETS, {}, 1_000_000, custom)
    const { deliveryId, eventType, attemptNumber } = DELIVERY
    const masked = showStoredHeaders(sentMark, { deliveryId, eventType, attemptNumber }) ?? {}
    expect(sentMark).not.toMatch(/token-of-theirs|forged/)
    expect(masked).toMatchObject({
      'x-webhook-signature': 't=1000,v1=••••,v1=••••',
      'webhook-signature': 'v1,•••• v1,••••',
      authorization: '••••',
      'x-webhook-id': DELIVERY.deliveryId,
      'webhook-timestamp': '1000',
    })
    const {
      'x-webhook-signature': _text,
      'webhook-signature': _standard,
      authorization: _theirs,
      ...shown
    } = masked
    expect(headers).toMatchObject(shown)
    expect(Object.keys(shown)).toHaveLength(8)
    expect(Object.keys(masked).sort()).toEqual(Object.keys(headers).sort())
    expect(JSON.stringify(masked)).not.toMatch(/token-of-theirs|[0-9a-f]{64}|[\w+/]{43}=/)
  })

  it('are never built without a key', () => {
    expect(() => build([])).toThrow(TypeError)
  })
})

describe('a secret', () => {
  it('is made from 32 random bytes behind whsec_', () => {
    const secret = generateSecret()
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32)
    expect(secret).not.toBe(generateSecret())
    expect(checkSecret(secret)).toEqual({ ok: true })
  })

  it.each([
    `whsec_${Buffer.alloc(24).toString('base64')}`,
    `whsec_${Buffer.alloc(64).toString('base64')}`,
    'x'.repeat(16),
    '!~'.repeat(128),
  ])('may be %s', (secret) => {
    expect(checkSecret(secret)).toEqual({ ok: true })
  })

  it.each([
    '',
    'x'.repeat(15),
    'x'.repeat(257),
    'sixteen characters with spaces',
    'ümlaut-secret-of-enough-length',
    'line-feed-secret\n',
    'whsec_',
    `whsec_${Buffer.alloc(23).toString('base64')}`,
    `whsec_${Buffer.alloc(65).toString('base64')}`,
    `whsec_${Buffer.alloc(25).toString('base64').replaceAll('=', '')}`,
    `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`,
    'whsec_this is not base64 but long enough',
  ])('may not be %j', (secret) => {
    expect(checkSecret(secret)).toMatchObject({ ok: false, reason: expect.stringMatching(/\.$/) as string })
  })
})
