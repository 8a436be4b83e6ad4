import { Compile } from 'typebox/schema'

type Json = Record<string, unknown>

export interface Operation {
  method: string
  /** As in the document: `/api/v1/webhooks/{id}`. */
  template: string
  operationId: string
  scope: string | null
  query: { name: string; schema: Json }[]
  body: Json | null
  responses: Record<string, { content?: Record<string, { schema: Json }> }>
}

export interface ApiDocument {
  operations: readonly Operation[]
  schemas: Record<string, Json>
  /** Throws when an answer is not what the document says of it. */
  checkAnswer(method: string, path: string, answer: { status: number; type: string; body: unknown }): void
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** Reads an OpenAPI document for tests: what there is to call, and whether an answer is as promised. */
export function readApiDocument(document: Json): ApiDocument {
  const { paths, components } = document as unknown as {
    paths: Record<string, Record<string, Json>>
    components: { schemas: Record<string, Json> }
  }
  const operations = Object.entries(paths).flatMap(([template, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      return operation === undefined ? [] : [readOperation(method, template, operation)]
    }),
  )
  const compiled = new Map<Json, (value: unknown) => boolean>()

  function isValid(schema: Json, value: unknown): boolean {
    let check = compiled.get(schema)
    if (check === undefined) {
      const validator = Compile({ allOf: [schema], components })
      check = (candidate) => validator.Check(candidate)
      compiled.set(schema, check)
    }
    return check(value)
  }

  return {
    operations,
    schemas: components.schemas,
    checkAnswer(method, path, { status, type, body }) {
      const operation = findOperation(operations, method, path)
      // Paths and methods that are none are answered all the same, and so is what is not HTTP or not JSON.
      if (operation === undefined || status === 400) return
      const response = operation.responses[String(status)]
      const where = `${method} ${operation.template} answered ${status}`
      if (response === undefined)
        throw new Error(`${where}, which the document does not name: ${JSON.stringify(body)}`)
      const [documented] = Object.entries(response.content ?? {})
      if (documented === undefined) return
      if (!type.startsWith(documented[0])) throw new Error(`${where} as ${type} instead of ${documented[0]}.`)
      if (type.includes('json') && !isValid(documented[1].schema, body))
        throw new Error(
          `${where} with a body that is not of its schema: ${JSON.stringify(body).slice(0, 2_000)}`,
        )
    },
  }
}

function readOperation(method: string, template: string, operation: Json): Operation {
  const parameters = (operation['parameters'] ?? []) as { in: string; name: string; schema: Json }[]
  const body = operation['requestBody'] as { content: Record<string, { schema: Json }> } | undefined
  return {
    method: method.toUpperCase(),
    template,
    operationId: String(operation['operationId']),
    scope: (operation['x-required-scope'] ?? null) as string | null,
    query: parameters
      .filter(({ in: place }) => place === 'query')
      .map(({ name, schema }) => ({ name, schema })),
    body: body?.content['application/json']?.schema ?? null,
    responses: operation['responses'] as Operation['responses'],
  }
}

function findOperation(
  operations: readonly Operation[],
  method: string,
  path: string,
): Operation | undefined {
  const plain = path.split('?')[0] ?? ''
  const candidates = operations.filter(
    (operation) =>
      operation.method === method &&
      new RegExp(`^${operation.template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  )
  // `/webhooks/check-url` also looks like `/webhooks/{id}`; the one with fewer parameters is meant.
  return candidates.sort((a, b) => a.template.split('{').length - b.template.split('{').length)[0]
}
