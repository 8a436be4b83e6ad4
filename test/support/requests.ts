import fc from 'fast-check'

import type { ApiDocument, Operation } from './openapi.ts'

type Json = Record<string, unknown>

/** A request as it goes out; `body` is text, since broken ones are no JSON. */
export interface GeneratedRequest {
  operation: Operation
  path: string
  body: string | null
  headers: Record<string, string>
}

const DEPTH_MAX = 6

/** Requests for every operation of a document: valid ones, and ones broken in body, path, query or headers. */
export function requestArbitrary(
  document: ApiDocument,
  knownIds: readonly string[],
): fc.Arbitrary<GeneratedRequest> {
  const values = new SchemaValues(document.schemas, knownIds)
  return fc.oneof(
    ...document.operations.map((operation) =>
      fc.record({
        operation: fc.constant(operation),
        path: pathArbitrary(operation, values),
        body: operation.body === null ? fc.constant(null) : bodyArbitrary(values.of(operation.body)),
        headers: headersArbitrary(),
      }),
    ),
  )
}

class SchemaValues {
  private readonly schemas: Record<string, Json>
  private readonly knownIds: readonly string[]

  constructor(schemas: Record<string, Json>, knownIds: readonly string[]) {
    this.schemas = schemas
    this.knownIds = knownIds
  }

  of(schema: Json, depth = 0): fc.Arbitrary<unknown> {
    if (typeof schema['$ref'] === 'string')
      return this.of(this.schemas[schema['$ref'].split('/').at(-1) ?? ''] ?? {}, depth)
    const choices = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined
    if (choices !== undefined) return fc.oneof(...choices.map((choice) => this.of(choice, depth)))
    if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
    if ('const' in schema) return fc.constant(schema['const'])
    switch (schema['type']) {
      case 'string':
        return this.text(schema)
      case 'integer':
        return fc.integer({ min: Number(schema['minimum'] ?? -5), max: Number(schema['maximum'] ?? 1_000) })
      case 'boolean':
        return fc.boolean()
      case 'null':
        return fc.constant(null)
      case 'array':
        return this.list(schema, depth)
      case 'object':
        return this.object(schema, depth)
      default:
        return fc.jsonValue({ maxDepth: 2 })
    }
  }

  private text(schema: Json): fc.Arbitrary<string> {
    if (schema['format'] === 'uuid') return fc.oneof(fc.constantFrom(...this.knownIds), fc.uuid())
    if (schema['format'] === 'date-time')
      return fc
        .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString())
    const maxLength = Math.min(Number(schema['maxLength'] ?? 40), 40)
    const plain = fc
      .string({ minLength: Number(schema['minLength'] ?? 0), maxLength, unit: 'binary' })
      .map((text) => text.toWellFormed())
    const likely = fc.constantFrom(
      'http://127.0.0.1:9/hook',
      'https://hooks.example.com/in',
      'ada@example.com',
      'a name',
      '1m',
    )
    return fc.oneof(plain, likely)
  }

  private list(schema: Json, depth: number): fc.Arbitrary<unknown[]> {
    const minLength = Number(schema['minItems'] ?? 0)
    const maxLength = Math.max(Math.min(Number(schema['maxItems'] ?? 3), 3), minLength)
    return fc.array(this.of((schema['items'] ?? {}) as Json, depth + 1), { minLength, maxLength })
  }

  private object(schema: Json, depth: number): fc.Arbitrary<unknown> {
    const properties = (schema['properties'] ?? {}) as Record<string, Json>
    if (Object.keys(properties).length === 0 || depth > DEPTH_MAX)
      return fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 })
    const members = Object.fromEntries(
      Object.entries(properties).map(([name, member]) => [name, this.of(member, depth + 1)]),
    )
    return fc.record(members, { requiredKeys: (schema['required'] ?? []) as string[] })
  }
}

function pathArbitrary(operation: Operation, values: SchemaValues): fc.Arbitrary<string> {
  // A client resolves the segments `.` and `..` before it sends: they would make it another path.
  const id = fc.oneof(
    { weight: 5, arbitrary: values.of({ type: 'string', format: 'uuid' }) as fc.Arbitrary<string> },
    {
      weight: 1,
      arbitrary: fc
        .string({ maxLength: 60 })
        .map((text) => encodeURIComponent(text.toWellFormed()))
        .map((segment) => (['', '.', '..'].includes(segment) ? 'x' : segment)),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '%00',
        '%',
        '%ff',
        '..%2F',
        'x'.repeat(300),
        '0197c1a2-3b4c-7d5e-8f60-718293a4b5c6',
      ),
    },
  )
  const pairs = operation.query.map(({ name, schema }) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      {
        weight: 2,
        arbitrary: values
          .of(schema)
          .map((value) => `${name}=${encodeURIComponent(String(value).toWellFormed())}`),
      },
      {
        weight: 1,
        arbitrary: fc
          .string({ maxLength: 20, unit: 'binary' })
          .map((value) => `${name}=${encodeURIComponent(value.toWellFormed())}`),
      },
    ),
  )
  const noise = fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom('x=1', '%zz', '__proto__=1', '&&', 'limit=1&limit=2') },
  )
  return fc.tuple(id, fc.tuple(...pairs, noise)).map(([value, parts]) => {
    const query = parts.filter((part) => part !== '').join('&')
    return operation.template.replaceAll(/\{\w+\}/g, value) + (query === '' ? '' : `?${query}`)
  })
}

function bodyArbitrary(valid: fc.Arbitrary<unknown>): fc.Arbitrary<string | null> {
  const text = valid.map((value) => JSON.stringify(value))
  return fc.oneof(
    { weight: 5, arbitrary: text },
    { weight: 2, arbitrary: fc.tuple(valid, fc.string(), fc.jsonValue({ maxDepth: 3 })).map(breakMember) },
    {
      weight: 2,
      arbitrary: fc.tuple(text, fc.nat(), fc.string({ maxLength: 3, unit: 'binary' })).map(breakText),
    },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        null,
        '',
        'null',
        '[]',
        '{"a":',
        '\ufeff{}',
        '{"__proto__":{"a":1}}',
        '[[[[[['.repeat(20),
      ),
    },
  )
}

/** One member replaced by anything, or one added. */
function breakMember([value, name, other]: [unknown, string, unknown]): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(other)
  const names = Object.keys(value)
  const chosen = names[name.length % (names.length + 1)] ?? name
  return JSON.stringify({ ...value, [chosen]: other })
}

function breakText([text, at, inserted]: [string, number, string]): string {
  const start = at % (text.length + 1)
  return text.slice(0, start) + inserted + text.slice(start + (at % 3))
}

function headersArbitrary(): fc.Arbitrary<Record<string, string>> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.stringMatching(/^[!-~]{1,40}$/).map((key) => ({ 'idempotency-key': key })) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Record<string, string>>(
        { 'content-type': 'text/plain' },
        { 'content-type': 'application/json; charset=utf-16' },
        { 'content-encoding': 'gzip' },
        { 'if-match': '"nothing"' },
        { 'idempotency-key': 'x'.repeat(300) },
        { authorization: 'Bearer nonsense' },
      ),
    },
  )
}
