import { setTimeout as delay } from 'node:timers/promises'

import type { Database } from '../db/database.ts'
import { claimKey, forgetKey, type KeptKey, keepAnswer } from '../db/idempotency-keys.ts'
import { DomainError } from '../domain/errors.ts'
import type { Cipher } from '../secrets/cipher.ts'
import { Secret } from '../secrets/secret.ts'
import { answerContext } from '../secrets/secret-context.ts'

/** What a request was answered, as it is answered again. */
export interface KeptAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

export interface IdempotentRequest {
  workspaceId: string
  /** Method and path. */
  route: string
  key: string
  /** SHA-256 of the body. */
  requestHash: Buffer
}

/** Keeps the answers of requests that carry an `Idempotency-Key`, for 24 hours, in the database: for all processes. */
export interface KeptAnswers {
  /**
   * Null: go on, and end with `keep` or `forget`. Else the answer that the first such request got; while that one is
   * running, waits for it. Throws `idempotency_mismatch` for another body, `idempotency_in_progress` after 5 s.
   */
  begin(request: IdempotentRequest): Promise<KeptAnswer | null>
  keep(request: IdempotentRequest, answer: KeptAnswer, holdsSecret: boolean): Promise<void>
  /** After an answer that is not kept: the next request with the key starts afresh. */
  forget(request: IdempotentRequest): Promise<void>
}

const WAIT_MS_MAX = 5_000
const ASK_EVERY_MS = 100

export interface KeptAnswersDeps {
  database: Pick<Database, 'sql'>
  cipher: Cipher
}

export function createKeptAnswers({ database: { sql }, cipher }: KeptAnswersDeps): KeptAnswers {
  function open(request: IdempotentRequest, kept: KeptKey): KeptAnswer {
    const text = kept.answer ?? ''
    const context = answerContext(request.workspaceId, request.route, request.key)
    return JSON.parse(kept.keyId === null ? text : cipher.decrypt(text, context).reveal()) as KeptAnswer
  }

  return {
    async begin(request) {
      const giveUpAtMs = performance.now() + WAIT_MS_MAX
      for (;;) {
        const kept = await claimKey(sql, request)
        if (kept === 'claimed') return null
        if (kept !== 'gone') {
          if (!kept.requestHash.equals(request.requestHash)) throw mismatch()
          if (kept.status !== null) return open(request, kept)
        }
        if (performance.now() >= giveUpAtMs) throw inProgress()
        await delay(ASK_EVERY_MS)
      }
    },
    async keep(request, answer, holdsSecret) {
      const text = JSON.stringify(answer)
      const context = answerContext(request.workspaceId, request.route, request.key)
      const sealed = holdsSecret ? cipher.encrypt(new Secret(text), context) : { text, keyId: null }
      await keepAnswer(sql, request, answer.status, sealed)
    },
    forget: (request) => forgetKey(sql, request),
  }
}

function mismatch(): DomainError {
  const detail = 'This Idempotency-Key was used with another body within the last 24 hours.'
  return new DomainError('idempotency_mismatch', detail, {
    errors: [{ pointer: '/Idempotency-Key', detail }],
  })
}

function inProgress(): DomainError {
  return new DomainError('idempotency_in_progress', 'A request with this Idempotency-Key is still running.', {
    retryAfterSeconds: 1,
  })
}
