import { describe, expect, test } from 'vitest'

import { checkSignatures } from '../../../src/local/signature-check.ts'
import { buildRequest } from '../../../src/sending/request.ts'
import { createSigningKey, generateSecret } from '../../../src/sending/signature.ts'

const NOW_MS = Date.UTC(2026, 0, 2)
const DELIVERY = {
  deliveryId: 'd1',
  eventId: 'e1',
  eventType: 'task.created',
  eventTimestamp: '2026-01-02T00:00:00.000Z',
  workflowId: 'w1',
  data: '{"note":"a member called ,\\"signature\\":\\"t=1,v1=aa\\" inside","signature":"mine","ünïcode":1.0}',
  attemptNumber: 1,
}

function sign(secrets: readonly string[]): { headers: Record<string, string>; body: Buffer } {
  const { headers, body } = buildRequest(DELIVERY, secrets.map(createSigningKey), {}, NOW_MS)
  return { headers, body: Buffer.from(body) }
}

function check(request: ReturnType<typeof sign>, secrets: readonly string[], lateSeconds = 0) {
  return checkSignatures(request.headers, request.body, secrets, NOW_MS / 1000 + lateSeconds)
}

describe('the inbox', () => {
  test.each([
    ['a generated secret', generateSecret()],
    ['a secret of one’s own', 'sixteen-characters-or-more!'],
  ])('accepts what was signed with %s', (_, secret) => {
    expect(check(sign([secret]), [secret])).toEqual({ ok: true })
  })

  test('accepts either secret while one replaces the other', () => {
    const [newer, older] = [generateSecret(), generateSecret()]
    const request = sign([newer, older])
    expect(check(request, [older])).toEqual({ ok: true })
    expect(check(request, [generateSecret(), newer])).toEqual({ ok: true })
  })

  test('refuses another secret, and says when it knows none', () => {
    const request = sign([generateSecret()])
    expect(check(request, [generateSecret()])).toMatchObject({
      ok: false,
      reason: 'a signature does not match',
    })
    expect(check(request, [])).toMatchObject({ ok: false, reason: 'no webhook here has this URL' })
  })

  test('refuses a body of which one byte changed, wherever that is', () => {
    const secret = generateSecret()
    const { headers, body } = sign([secret])
    for (let index = 0; index < body.length; index += 7) {
      const changed = Buffer.from(body)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(check({ headers, body: changed }, [secret]).ok).toBe(false)
    }
  })

  test.each(['x-webhook-signature', 'webhook-signature', 'webhook-id', 'webhook-timestamp'])(
    'refuses a request whose %s is missing',
    (name) => {
      const secret = generateSecret()
      const { headers, body } = sign([secret])
      const rest = Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name))
      expect(check({ headers: rest, body }, [secret]).ok).toBe(false)
    },
  )

  test('refuses a time further than five minutes from its clock', () => {
    const secret = generateSecret()
    const request = sign([secret])
    expect(check(request, [secret], 300).ok).toBe(true)
    expect(check(request, [secret], 301).ok).toBe(false)
    expect(check(request, [secret], -301).ok).toBe(false)
  })
})
