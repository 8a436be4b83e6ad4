import { describe, expect, it } from 'vitest'

import { createIdSource } from '../../../src/db/ids.ts'
import {
  createKeyText,
  hashKey,
  idTextOf,
  isChecksumRight,
  keyIdOf,
  keyPrefixOf,
} from '../../../src/usecases/api-key-text.ts'

const ids = createIdSource()

describe('the text of a key', () => {
  it('has three parts in base62, the id in the middle', () => {
    const id = ids.next()
    const text = createKeyText(id)
    expect(text).toMatch(/^whk_live_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}$/)
    expect(keyIdOf(idTextOf(text) ?? '')).toBe(id)
    expect(text.startsWith(`${keyPrefixOf(id)}_`)).toBe(true)
  })

  it('keeps its length for the least and the greatest id', () => {
    for (const id of ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']) {
      const text = createKeyText(id)
      expect(text).toHaveLength(81)
      expect(keyIdOf(idTextOf(text) ?? '')).toBe(id)
    }
  })

  it('fails its checksum when any one character is changed', () => {
    const text = createKeyText(ids.next())
    expect(isChecksumRight(text)).toBe(true)
    for (let at = 9; at < text.length; at += 1) {
      if (text[at] === '_') continue
      const changed = text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1)
      expect(isChecksumRight(changed), String(at)).toBe(false)
    }
  })

  it('is never made twice, and hashes to 32 bytes', () => {
    const id = ids.next()
    const texts = Array.from({ length: 100 }, () => createKeyText(id))
    expect(new Set(texts).size).toBe(100)
    expect(hashKey(texts[0] ?? '')).toHaveLength(32)
  })

  it.each([
    '',
    'whk_live_',
    'whk_test_a_bbbbbbbbbbbbbbbb',
    'whk_live_a_short',
    `whk_live_a_${'b'.repeat(1_000_000)}`,
    'whk_live_é_bbbbbbbbbbbbbbbb',
  ])('is none: %#', (text) => {
    expect(idTextOf(text)).toBeUndefined()
  })

  it('finds a row even for an id part that an operator made up, always the same', () => {
    const id = keyIdOf('operator')
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(keyIdOf('operator')).toBe(id)
    expect(keyIdOf('z'.repeat(22))).not.toBe(keyIdOf('y'.repeat(22)))
  })
})
