import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

import type { MasterKey } from '../setting-values.ts'
import { Secret } from './secret.ts'
import type { SecretContext } from './secret-context.ts'

const VERSION = 'v1'
const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
/** 96 bits, the length GCM is specified for (NIST SP 800-38D §5.2.1.1). */
const IV_BYTES = 12
/** Given on both sides: without it Node also accepts a tag cut down to 4 bytes. */
const TAG_BYTES = 16

export interface Encrypted {
  /** `v1.<kid>.<iv>.<ciphertext and tag>`, the last two in base64url. */
  text: string
  /** The kid of the master key that was used. */
  keyId: string
}

export interface Cipher {
  /** Of the key that encrypts. */
  readonly keyId: string
  /** Of all keys that can decrypt. */
  readonly keyIds: readonly string[]
  encrypt(secret: Secret, context: SecretContext): Encrypted
  /** Throws a SecretError: `unknown_key` when the master key is not at hand, else `unreadable`. */
  decrypt(text: string, context: SecretContext): Secret
}

export type SecretErrorCode = 'unknown_key' | 'unreadable'

/** A stored secret that cannot be read: our own fault, never the endpoint's. The message holds no part of it. */
export class SecretError extends Error {
  readonly code: SecretErrorCode

  constructor(code: SecretErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.name = 'SecretError'
    this.code = code
  }
}

/**
 * AES-256-GCM with a key of its own per secret, derived from the master key by HKDF-SHA256 (RFC 5869).
 * @param masterKeys at least one; the first encrypts, all decrypt.
 */
export function createCipher(masterKeys: readonly MasterKey[]): Cipher {
  const [first] = masterKeys
  if (first === undefined) throw new TypeError('A cipher needs at least one master key.')
  const keys = new Map(masterKeys.map(({ kid, key }) => [kid, key]))
  return {
    keyId: first.kid,
    keyIds: [...keys.keys()],
    encrypt: (secret, context) => ({ text: encryptText(secret.reveal(), first, context), keyId: first.kid }),
    decrypt(text, context) {
      const kid = keyIdOf(text)
      const key = keys.get(kid)
      if (key === undefined)
        throw new SecretError('unknown_key', `The master key ${kid} is not listed in POSTRIDER_MASTER_KEYS.`)
      return decryptText(text, { kid, key }, context)
    },
  }
}

/** The kid inside a ciphertext. Throws a SecretError when the text is none. */
export function keyIdOf(text: string): string {
  const [version, kid, , , ...rest] = text.split('.')
  if (version !== VERSION || kid === undefined || rest.length > 0)
    throw new SecretError('unreadable', 'A stored secret does not have the form v1.<kid>.<iv>.<ciphertext>.')
  return kid
}

function encryptText(text: string, { kid, key }: MasterKey, context: SecretContext): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(ALGORITHM, deriveKey(key, context), iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(boundData(context, kid))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [VERSION, kid, iv.toString('base64url'), sealed.toString('base64url')].join('.')
}

function decryptText(text: string, { kid, key }: MasterKey, context: SecretContext): Secret {
  const [, , ivText = '', sealedText = ''] = text.split('.')
  const sealed = Buffer.from(sealedText, 'base64url')
  const tagStart = sealed.length - TAG_BYTES
  try {
    const decipher = createDecipheriv(ALGORITHM, deriveKey(key, context), Buffer.from(ivText, 'base64url'), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(boundData(context, kid))
    decipher.setAuthTag(sealed.subarray(Math.max(tagStart, 0)))
    const start = decipher.update(sealed.subarray(0, Math.max(tagStart, 0)))
    return new Secret(Buffer.concat([start, decipher.final()]).toString('utf8'))
  } catch (cause) {
    throw new SecretError('unreadable', 'A stored secret was changed, or belongs to another webhook.', {
      cause,
    })
  }
}

function deriveKey(masterKey: Buffer, context: SecretContext): Buffer {
  const info = `postrider|${context.workspaceId}|${context.webhookId}|${context.secretId}`
  return Buffer.from(hkdfSync('sha256', masterKey, '', info, KEY_BYTES))
}

function boundData(context: SecretContext, kid: string): Buffer {
  return Buffer.from([context.workspaceId, context.webhookId, context.secretId, kid].join('|'), 'utf8')
}
