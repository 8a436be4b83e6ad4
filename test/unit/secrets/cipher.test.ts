import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createCipher, keyIdOf, SecretError } from '../../../src/secrets/cipher.ts'
import { Secret } from '../../../src/secrets/secret.ts'
import { answerContext } from '../../../src/secrets/secret-context.ts'

const context = { workspaceId: 'workspace-1', webhookId: 'webhook-1', secretId: 'secret-1' }
const oldKey = { kid: 'old', key: randomBytes(32) }
const newKey = { kid: 'new', key: randomBytes(32) }

describe('a secret at rest', () => {
  test('comes back as it was, whatever characters it holds', () => {
    const cipher = createCipher([newKey])
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(cipher.decrypt(cipher.encrypt(new Secret(text), context).text, context).reveal()).toBe(text)
      }),
    )
  })

  test('is written as v1.<kid>.<iv>.<ciphertext and tag> and never twice alike', () => {
    const cipher = createCipher([newKey])
    const first = cipher.encrypt(new Secret('whsec_abc'), context)
    expect(first.keyId).toBe('new')
    expect(first.text).toMatch(/^v1\.new\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+$/)
    expect(first.text).not.toBe(cipher.encrypt(new Secret('whsec_abc'), context).text)
    expect(keyIdOf(first.text)).toBe('new')
  })

  test('is encrypted by the first master key and decrypted by any', () => {
    const before = createCipher([oldKey]).encrypt(new Secret('kept'), context)
    const cipher = createCipher([newKey, oldKey])
    expect(cipher.decrypt(before.text, context).reveal()).toBe('kept')
    expect(cipher.encrypt(new Secret('kept'), context).keyId).toBe('new')
    expect(cipher.keyIds).toEqual(['new', 'old'])
  })

  test('cannot be read in another workspace, at another webhook or as another secret', () => {
    const cipher = createCipher([newKey])
    const { text } = cipher.encrypt(new Secret('mine'), context)
    for (const moved of [{ workspaceId: 'x' }, { webhookId: 'x' }, { secretId: 'x' }])
      expect(() => cipher.decrypt(text, { ...context, ...moved })).toThrow(SecretError)
  })

  test('is refused after any change of any character', () => {
    const cipher = createCipher([newKey])
    const { text } = cipher.encrypt(new Secret('unchanged'), context)
    fc.assert(
      fc.property(fc.nat(text.length - 2), fc.constantFrom('A', 'b', '7', '.', '-'), (index, character) => {
        fc.pre(text[index] !== character)
        const changed = text.slice(0, index) + character + text.slice(index + 1)
        expect(() => cipher.decrypt(changed, context)).toThrow(SecretError)
      }),
    )
    expect(() => cipher.decrypt(text.slice(0, -16), context)).toThrow(SecretError)
    expect(() => cipher.decrypt('v1.new..', context)).toThrow(SecretError)
  })

  test('names the master key that is missing and nothing else', () => {
    const { text } = createCipher([oldKey]).encrypt(new Secret('hidden'), context)
    const read = () => createCipher([newKey]).decrypt(text, context)
    expect(read).toThrow(expect.objectContaining({ code: 'unknown_key' }))
    expect(read).toThrow('The master key old is not listed in POSTRIDER_MASTER_KEYS.')
  })

  test('needs a master key', () => {
    expect(() => createCipher([])).toThrow(TypeError)
  })

  test('of a kept answer is bound to its route and key, however they are cut', () => {
    const one = answerContext('workspace-1', 'POST /a', 'b c')
    expect(one).not.toEqual(answerContext('workspace-1', 'POST /a b', 'c'))
    expect(one.secretId).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('a secret in memory', () => {
  test('says [redacted] however it is printed', () => {
    const secret = new Secret('whsec_visible')
    const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }, { showHidden: true })]
    expect(shown).toEqual(['[redacted]', '{"secret":"[redacted]"}', '{ secret: [redacted] }'])
    expect(Object.keys(secret)).toEqual([])
    expect(secret.reveal()).toBe('whsec_visible')
  })
})
