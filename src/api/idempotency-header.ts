import type { IncomingHttpHeaders } from 'node:http'

import { invalidInput } from '../domain/errors.ts'
import { IDEMPOTENCY_KEY_LENGTH_MAX } from './schemas/events.ts'

const VISIBLE = /^[\x21-\x7e]+$/

/** The header `Idempotency-Key`; null when there is none. Throws `invalid_input` for one that cannot be kept. */
export function readIdempotencyKey(headers: IncomingHttpHeaders): string | null {
  const key = headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key !== 'string' || key.length > IDEMPOTENCY_KEY_LENGTH_MAX || !VISIBLE.test(key))
    throw invalidInput(
      '/Idempotency-Key',
      `The header Idempotency-Key must be 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} visible ASCII characters; found ${key.length}.`,
    )
  return key
}
