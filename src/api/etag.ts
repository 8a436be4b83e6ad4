import { createHash } from 'node:crypto'

import { DomainError } from '../domain/errors.ts'

/** A strong ETag (RFC 9110 §8.8.3) for an object as it is answered. */
export function etagOf(answer: unknown): string {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`
}

/**
 * Honours `If-Match` (RFC 9110 §13.1.1): throws `precondition_failed` when the header is there and names neither `*`
 * nor `etag`. Compare inside the transaction that changes the object, with its row locked.
 */
export function checkIfMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined) return
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  // Weak tags never match here, so `W/"…"` is refused like any other.
  if (tags.includes('*') || tags.includes(etag)) return
  throw new DomainError(
    'precondition_failed',
    `It has changed meanwhile: If-Match names another state than ${etag}.`,
  )
}
