import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'

import type { Caller } from '../usecases/callers.ts'
import type { Scope } from '../domain/scopes.ts'

/** What a file of routes is given: Fastify with request types taken from the TypeBox schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Set before the handler of every route that declares a scope. */
    caller: Caller
    /** When the caller was last looked up, as a time of `performance.now()`. */
    callerAskedAtMs: number
  }

  interface FastifyContextConfig {
    /** What a caller must be allowed to; `any`: just be known. OpenAPI's security follows from it. */
    scope?: Scope | 'any'
    /** `publish`: no limit but overload; `general` (the default): so many requests a second per key. */
    rateLimit?: 'publish' | 'general'
    /** `own`: the use case keeps its key in its own transaction. Other POST routes get the generic treatment. */
    idempotency?: 'own'
    /** The answer holds a secret, so a kept copy of it is encrypted. */
    answersSecret?: boolean
    /** The member of the body that is kept as raw text, byte for byte. */
    rawMember?: RawMember
  }
}

/** Where the member `data` stands whose text is kept as it was sent. */
export type RawMember = 'data' | 'events/*/data'
