import { type Static, type TProperties, type TSchema, Type } from 'typebox'

import { FAILURES } from '../../domain/attempt-outcome.ts'
import { SCOPES } from '../../domain/scopes.ts'
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../paging.ts'

/** No control characters: PostgreSQL stores no NUL, and the rest only confuses whoever reads it. */
const ONE_LINE = '^[^\\u0000-\\u001f\\u007f]*$'

/** An object that takes no member but the ones named. */
export function strictObject<T extends TProperties>(properties: T, options: Record<string, unknown> = {}) {
  return Type.Object(properties, { ...options, additionalProperties: false })
}

/** A `$ref` to a model (a schema with `$id`), so that OpenAPI names it once. Models are listed in models.ts. */
export function refTo<T extends TSchema>(model: T) {
  return Type.Unsafe<Static<T>>({ $ref: `${(model as { $id?: string }).$id ?? ''}#` })
}

/** `type | null`, as OpenAPI 3.1 writes it. */
export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

export function oneOf<const T extends readonly string[]>(values: T, options: Record<string, unknown> = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })
}

export function lineOfText(lengthMax: number, options: Record<string, unknown> = {}) {
  return Type.String({
    minLength: 1,
    maxLength: lengthMax,
    pattern: ONE_LINE,
    description: 'One line of text without control characters.',
    ...options,
  })
}

export const Id = Type.String({
  format: 'uuid',
  description: 'A UUIDv7.',
  examples: ['0197c1a2-3b4c-7d5e-8f60-718293a4b5c6'],
})

export const Time = Type.String({
  format: 'date-time',
  maxLength: 40,
  description: 'ISO 8601, UTC, with milliseconds.',
  examples: ['2030-01-31T12:00:00.000Z'],
})

export const ScopeName = oneOf(SCOPES)
export const FailureName = oneOf(FAILURES)

export const IdParams = Type.Object({ id: Id })

export const PageQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: PAGE_LIMIT_MAX,
      default: PAGE_LIMIT_DEFAULT,
      description: 'How many at most.',
    }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, description: '`nextCursor` of the page before this one.' }),
  ),
}

/** `{data, nextCursor}`, newest first. */
export function pageOf<T extends TSchema>(item: T) {
  return Type.Object({ data: Type.Array(item), nextCursor: nullable(Type.String()) })
}

export const ProblemModel = Type.Object(
  {
    type: Type.String({ examples: ['urn:postrider:problem:invalid-input'] }),
    title: Type.String({ examples: ['Invalid input'] }),
    status: Type.Integer({ examples: [422] }),
    detail: Type.String({ examples: ['The member "url" is required.'] }),
    instance: Type.String({ examples: ['/api/v1/webhooks'] }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'JSON pointer (RFC 6901) to the member.', examples: ['/url'] }),
          detail: Type.String({ examples: ['The member "url" is required.'] }),
        }),
      ),
    ),
  },
  { $id: 'Problem', description: 'Every error looks like this (RFC 9457).' },
)

export const IfMatchHeader = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      maxLength: 1_000,
      description: 'The ETag of what is to be changed; 412 when it has changed meanwhile.',
    }),
  ),
})
