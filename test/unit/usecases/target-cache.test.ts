import { randomBytes } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import type { TargetRow } from '../../../src/db/webhook-targets.ts'
import { createCipher, SecretError } from '../../../src/secrets/cipher.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { headersContext } from '../../../src/secrets/secret-context.ts'
import { createSigningKey } from '../../../src/sending/signature.ts'
import { createTargetCache } from '../../../src/usecases/target-cache.ts'

const cipher = createCipher([{ kid: 'k1', key: randomBytes(32) }])
const workspaceId = 'workspace-1'
const now = Date.UTC(2026, 0, 1)

function webhookRow(change: Partial<TargetRow> = {}): TargetRow {
  const id = change.id ?? 'webhook-1'
  const encrypt = (secretId: string, text: string) =>
    cipher.encrypt(new Secret(text), { workspaceId, webhookId: id, secretId }).text
  return {
    id,
    workspaceId,
    version: 1,
    url: 'https://hooks.acme.com/in',
    headersEncrypted: cipher.encrypt(new Secret('{"x-team":"blue"}'), headersContext(workspaceId, id)).text,
    timeoutMs: null,
    concurrency: 8,
    schedule: '1s,2s',
    enabled: true,
    deletedAt: null,
    secrets: [
      {
        id: 's2',
        secretEncrypted: encrypt('s2', 'the-newer-secret'),
        createdAt: new Date(now),
        expiresAt: null,
      },
      {
        id: 's1',
        secretEncrypted: encrypt('s1', 'the-older-secret'),
        createdAt: new Date(now),
        expiresAt: new Date(now + 1000),
      },
    ],
    ...change,
  }
}

function countingCache(targetsMax = 10) {
  const made: string[] = []
  const cache = createTargetCache({
    cipher,
    requestTimeoutMs: 20_000,
    targetsMax,
    createSigningKey(secret) {
      made.push(secret)
      return createSigningKey(secret)
    },
  })
  return { cache, made }
}

describe('the cache of targets', () => {
  test('decrypts headers and secrets and fills in the default timeout', () => {
    const target = countingCache().cache.targetOf(webhookRow())
    expect(target.headers).toEqual({ 'x-team': 'blue' })
    expect(target.timeoutMs).toBe(20_000)
    expect(target.schedule).toEqual(['1s', '2s'])
    expect(target.signingKeysAt(now)[0]?.text.export().toString()).toBe('the-newer-secret')
  })

  test('makes the keys of a version once', () => {
    const { cache, made } = countingCache()
    const first = cache.targetOf(webhookRow())
    expect(cache.targetOf(webhookRow())).toBe(first)
    expect(made).toEqual(['the-newer-secret', 'the-older-secret'])
    expect(cache.targetOf(webhookRow({ version: 2, url: 'https://other.acme.com/' })).url).toBe(
      'https://other.acme.com/',
    )
    expect(made).toHaveLength(4)
  })

  test('stops signing with an older secret at its time, although the version is unchanged', () => {
    const target = countingCache().cache.targetOf(webhookRow())
    expect(target.signingKeysAt(now + 999)).toHaveLength(2)
    expect(target.signingKeysAt(now + 1000)).toHaveLength(1)
  })

  test('forgets the webhook that was not used for longest', () => {
    const { cache, made } = countingCache(2)
    const secretless = (id: string) => webhookRow({ id, headersEncrypted: null })
    for (const id of ['a', 'b', 'a', 'c']) cache.targetOf(secretless(id))
    expect(made).toHaveLength(6)
    cache.targetOf(secretless('a'))
    expect(made).toHaveLength(6)
    cache.targetOf(secretless('b'))
    expect(made).toHaveLength(8)
  })

  test('refuses a secret that was copied from another webhook', () => {
    const { secrets } = webhookRow({ id: 'other' })
    expect(() => countingCache().cache.targetOf(webhookRow({ secrets }))).toThrow(SecretError)
  })
})
