import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Receivers refuse what is further than this from their own clock. */
const CLOCK_DIFFERENCE_SECONDS_MAX = 300

export type SignatureCheck = { ok: true } | { ok: false; reason: string }

/**
 * Checks a delivery as a careful receiver does: both signature headers and the signature in the body, each against
 * any of the secrets. Written apart from the code that signs, so that the two check each other.
 */
export function checkSignatures(
  headers: IncomingHttpHeaders,
  body: Buffer,
  secrets: readonly string[],
  nowSeconds: number,
): SignatureCheck {
  const text = body.toString('utf8')
  const header = parseSignature(String(headers['x-webhook-signature'] ?? ''))
  const timestamp = String(headers['webhook-timestamp'] ?? '')
  if (Math.abs(nowSeconds - Number(header.timestamp)) > CLOCK_DIFFERENCE_SECONDS_MAX)
    return { ok: false, reason: 'its time is more than five minutes from this clock' }
  const standard = String(headers['webhook-signature'] ?? '').split(' ')
  const standardText = `${String(headers['webhook-id'])}.${timestamp}.${text}`
  const inBody = takeBodySignature(text)
  const isSignedBy = (secret: string): boolean =>
    isOneOf(hmac(secret, `${header.timestamp}.${text}`, 'hex'), header.signatures) &&
    isOneOf(`v1,${hmac(standardKey(secret), standardText, 'base64')}`, standard) &&
    isOneOf(hmac(secret, `${inBody.timestamp}.${inBody.rest}`, 'hex'), inBody.signatures)
  if (timestamp === header.timestamp && secrets.some(isSignedBy)) return { ok: true }
  return {
    ok: false,
    reason: secrets.length === 0 ? 'no webhook here has this URL' : 'a signature does not match',
  }
}

interface ParsedSignature {
  readonly timestamp: string
  readonly signatures: readonly string[]
}

/** `t=<unix seconds>,v1=<hex>[,v1=<hex>…]` */
function parseSignature(text: string): ParsedSignature {
  const parts = text.split(',')
  return {
    timestamp: parts.find((part) => part.startsWith('t='))?.slice(2) ?? 'NaN',
    signatures: parts.filter((part) => part.startsWith('v1=')).map((part) => part.slice(3)),
  }
}

/** The signature is the last member of the body; what was signed is the body without it. */
function takeBodySignature(text: string): ParsedSignature & { readonly rest: string } {
  const start = text.lastIndexOf(',"signature":"')
  const end = text.indexOf('"', start + ',"signature":"'.length)
  if (start < 0 || end < 0) return { timestamp: '', signatures: [], rest: text }
  const signature = text.slice(start + ',"signature":"'.length, end)
  return { ...parseSignature(signature), rest: text.slice(0, start) + text.slice(end + 1) }
}

function standardKey(secret: string): string | Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret
}

function hmac(key: string | Buffer, text: string, encoding: 'hex' | 'base64'): string {
  return createHmac('sha256', key).update(text).digest(encoding)
}

function isOneOf(expected: string, candidates: readonly string[]): boolean {
  const bytes = Buffer.from(expected)
  return candidates.some((candidate) => {
    const other = Buffer.from(candidate)
    return other.length === bytes.length && timingSafeEqual(other, bytes)
  })
}
