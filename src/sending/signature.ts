import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'

/**
 * One webhook secret, ready to sign. Key objects are made once per secret: handing bytes to every HMAC costs
 * several times the HMAC itself.
 */
export interface SigningKey {
  /** The UTF-8 bytes of the secret as it is written: for `X-Webhook-Signature` and the body's own signature. */
  readonly text: KeyObject
  /** The bytes behind `whsec_`, or those of the text without that prefix: for Standard Webhooks 1.0. */
  readonly standard: KeyObject
}

const STANDARD_PREFIX = 'whsec_'

/** Expects a secret that passed `checkSecret`. */
export function createSigningKey(secret: string): SigningKey {
  const text = createSecretKey(secret, 'utf8')
  if (!secret.startsWith(STANDARD_PREFIX)) return { text, standard: text }
  return { text, standard: createSecretKey(secret.slice(STANDARD_PREFIX.length), 'base64') }
}

/** A new random secret: `whsec_` and the base64 of 32 bytes. */
export function generateSecret(): string {
  return STANDARD_PREFIX + randomBytes(32).toString('base64')
}

/** Whether a customer's own secret can be used: `whsec_` + base64 of 24–64 bytes, or 16–256 visible ASCII characters. */
export function checkSecret(secret: string): { ok: true } | { ok: false; reason: string } {
  if (secret.startsWith(STANDARD_PREFIX)) {
    const encoded = secret.slice(STANDARD_PREFIX.length)
    const bytes = Buffer.from(encoded, 'base64')
    // Receivers' libraries decode strictly, so only the canonical form with its padding will do.
    if (bytes.toString('base64') === encoded && bytes.length >= 24 && bytes.length <= 64) return { ok: true }
    return {
      ok: false,
      reason: 'A secret that starts with whsec_ must go on with the base64 of 24 to 64 bytes.',
    }
  }
  if (/^[\u0021-\u007e]{16,256}$/.test(secret)) return { ok: true }
  return { ok: false, reason: 'A secret must be 16 to 256 visible ASCII characters, or whsec_ and base64.' }
}

/** `t=<unix seconds>,v1=<hex>`, one `v1=` per key: what `X-Webhook-Signature` and the body carry. */
export function signText(text: string, keys: readonly SigningKey[], timestampSeconds: number): string {
  let signature = `t=${timestampSeconds}`
  for (const key of keys) {
    signature += `,v1=${createHmac('sha256', key.text).update(`${timestampSeconds}.${text}`).digest('hex')}`
  }
  return signature
}

/** `v1,<base64>` per key, separated by spaces: Standard Webhooks 1.0, "Signature scheme". */
export function signStandard(
  id: string,
  text: string,
  keys: readonly SigningKey[],
  timestampSeconds: number,
): string {
  const signed = `${id}.${timestampSeconds}.${text}`
  return keys
    .map((key) => `v1,${createHmac('sha256', key.standard).update(signed).digest('base64')}`)
    .join(' ')
}
