import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/*
 * A key reads whk_live_<id>_<secret><crc>, the parts in base62. The id is a UUID, so that a key is found by its primary
 * key; the secret has 256 random bits; the CRC-32 covers everything before it, so that a mistyped key needs no look-up
 * and scanners for leaked keys find few false ones.
 */
const PREFIX = 'whk_live_'
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SECRET_BYTES = 32
/** Fixed lengths: 62^22 > 2^128, 62^43 > 2^256, 62^6 > 2^32. */
const ID_LENGTH = 22
const SECRET_LENGTH = 43
const CRC_LENGTH = 6

/** Also matches keys that an operator made up for POSTRIDER_BOOTSTRAP_API_KEY, whose parts may have other lengths. */
const SHAPE = /^whk_live_([0-9A-Za-z]{1,64})_[0-9A-Za-z]{16,128}$/
const KEY_LENGTH_MAX = PREFIX.length + 64 + 1 + 128

/** Makes the text of a new key. It is shown once; what is stored is `hashKey` of it. */
export function createKeyText(id: string): string {
  const body = `${keyPrefixOf(id)}_${toBase62(BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`), SECRET_LENGTH)}`
  return body + checksumOf(body)
}

/** The part of a key that may be shown: it tells keys apart and opens nothing. */
export function keyPrefixOf(id: string): string {
  return PREFIX + toBase62(BigInt(`0x${id.replaceAll('-', '')}`), ID_LENGTH)
}

/** The text of the id part; undefined when this cannot be a key. */
export function idTextOf(keyText: string): string | undefined {
  return keyText.length > KEY_LENGTH_MAX ? undefined : SHAPE.exec(keyText)?.[1]
}

/** The row's id. An id part that is no UUID in base62 is hashed to one. */
export function keyIdOf(idText: string): string {
  const value = fromBase62(idText)
  const hex =
    idText.length === ID_LENGTH && value < 1n << 128n
      ? value.toString(16).padStart(32, '0')
      : hash('sha256', idText, 'hex').slice(0, 32)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export function isChecksumRight(keyText: string): boolean {
  const body = keyText.slice(0, -CRC_LENGTH)
  return checksumOf(body) === keyText.slice(-CRC_LENGTH)
}

export function hashKey(keyText: string): Buffer {
  return hash('sha256', keyText, 'buffer')
}

function checksumOf(body: string): string {
  return toBase62(BigInt(crc32(body)), CRC_LENGTH)
}

function toBase62(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; rest > 0n; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text
  return text.padStart(length, '0')
}

function fromBase62(text: string): bigint {
  let value = 0n
  for (const digit of text) value = value * 62n + BigInt(ALPHABET.indexOf(digit))
  return value
}
