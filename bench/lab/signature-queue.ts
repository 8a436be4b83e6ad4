import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

export interface SignedRequest {
  readonly body: Buffer
  readonly key: SigningKeys
  readonly deliveryId: string
  readonly headerSignature: string
  readonly standardTimestamp: string
  readonly standardSignature: string
  readonly receivedSeconds: number
}

/** Of one secret: as written, for the header and the body, and as Standard Webhooks reads it. */
export interface SigningKeys {
  readonly plain: KeyObject
  readonly standard: KeyObject
}

const CLOCK_DIFFERENCE_SECONDS_MAX = 300
const KEPT_MAX = 120_000
const SLICE = 500
const QUIET_MS = 300
const BODY_MEMBER = ',"signature":"'

export function signingKeysOf(secret: string): SigningKeys {
  const standard = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
  return { plain: createSecretKey(Buffer.from(secret)), standard: createSecretKey(standard) }
}

/**
 * Verifies every request, but late: while a measurement runs the requests are only kept, so that checking them takes no
 * processor time from what is measured. They are checked when it is quiet, when too many are kept, and before a report.
 */
export class SignatureQueue {
  #kept: SignedRequest[] = []
  #quietTimer: NodeJS.Timeout | undefined
  verified = 0
  bad = 0

  add(request: SignedRequest): void {
    this.#kept.push(request)
    if (this.#quietTimer === undefined) {
      this.#quietTimer = setTimeout(() => {
        this.#quietTimer = undefined
        this.#checkSome()
      }, QUIET_MS)
    } else this.#quietTimer.refresh()
    if (this.#kept.length > KEPT_MAX) this.#checkSome()
  }

  /** Checks all that are kept. */
  drain(): void {
    while (this.#kept.length > 0) this.#checkSome()
  }

  #checkSome(): void {
    for (const request of this.#kept.splice(-SLICE)) {
      if (isSigned(request)) this.verified += 1
      else this.bad += 1
    }
  }
}

function isSigned(request: SignedRequest): boolean {
  const { body, key, deliveryId, headerSignature, standardTimestamp, standardSignature, receivedSeconds } =
    request
  const text = body.toString()
  if (Math.abs(receivedSeconds - Number(standardTimestamp)) > CLOCK_DIFFERENCE_SECONDS_MAX) return false
  const start = text.lastIndexOf(BODY_MEMBER)
  const bodySignature = text.slice(start + BODY_MEMBER.length, -2)
  const signedText = `${text.slice(0, start)}}`
  return (
    headerSignature === stamp(key.plain, standardTimestamp, text) &&
    bodySignature === stamp(key.plain, standardTimestamp, signedText) &&
    standardSignature === `v1,${hmac(key.standard, `${deliveryId}.${standardTimestamp}.${text}`, 'base64')}`
  )
}

function stamp(key: KeyObject, timestamp: string, text: string): string {
  return `t=${timestamp},v1=${hmac(key, `${timestamp}.${text}`, 'hex')}`
}

function hmac(key: KeyObject, text: string, encoding: 'hex' | 'base64'): string {
  return createHmac('sha256', key).update(text).digest(encoding)
}
