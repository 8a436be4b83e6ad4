import type { FastifySchemaValidationError } from 'fastify'

import type { InputProblem } from '../domain/errors.ts'

/** What Ajv adds when it is verbose. */
type SchemaError = FastifySchemaValidationError & { data?: unknown; parentSchema?: { description?: string } }

const PROBLEMS_MAX = 50
const SHOWN_LENGTH_MAX = 64

/** Members whose value must not be echoed, not even to the one who sent it: answers end up in logs. */
const SECRET_POINTER = /^\/(secret|headers|apiKey|code)(\/|$)/

/** One problem per member: what is wrong with it, what was found, what is allowed. */
export function describeInvalidInput(errors: readonly SchemaError[], context: string): InputProblem[] {
  const problems = new Map<string, InputProblem>()
  for (const error of errors) {
    if (error.keyword === 'if' || error.keyword === 'anyOf' || error.keyword === 'oneOf') {
      // The branches' own errors say more, unless there are none.
      if ([...problems.keys()].some((pointer) => pointer.startsWith(error.instancePath))) continue
    }
    const problem = describe(error, context)
    const known = problems.get(problem.pointer)
    if (known === undefined) problems.set(problem.pointer, problem)
    else if (!known.detail.includes(problem.detail))
      problems.set(problem.pointer, { ...known, detail: `${known.detail} ${problem.detail}` })
  }
  return [...problems.values()].slice(0, PROBLEMS_MAX)
}

function describe(error: SchemaError, context: string): InputProblem {
  const { params } = error
  const where = context === 'querystring' ? 'query parameter' : context === 'headers' ? 'header' : 'member'
  if (error.keyword === 'additionalProperties') {
    const name = String(params['additionalProperty'])
    const allowed = context === 'querystring' ? 'this route' : 'this object'
    return {
      pointer: `${error.instancePath}/${escapePointer(name)}`,
      detail: `Unknown ${where} ${quote(name)}: ${allowed} does not take it.`,
    }
  }
  if (error.keyword === 'required') {
    const name = String(params['missingProperty'])
    return {
      pointer: `${error.instancePath}/${escapePointer(name)}`,
      detail: `The ${where} ${quote(name)} is required.`,
    }
  }
  const subject = error.instancePath === '' ? 'The body' : `The ${where} ${quote(nameOf(error.instancePath))}`
  return { pointer: error.instancePath, detail: `${subject} ${expectation(error)}; found ${found(error)}.` }
}

function expectation({ keyword, params, message, parentSchema }: SchemaError): string {
  switch (keyword) {
    case 'type':
      return `must be ${[params['type']]
        .flat()
        .map((type) => article(String(type)))
        .join(' or ')}`
    case 'enum':
      return `must be one of ${(params['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(', ')}`
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`
    case 'minLength':
    case 'maxLength':
    case 'minItems':
    case 'maxItems':
    case 'minProperties':
    case 'maxProperties':
      return `must have ${keyword.startsWith('min') ? 'at least' : 'at most'} ${String(params['limit'])} ${unitOf(keyword)}`
    case 'minimum':
      return `must be at least ${String(params['limit'])}`
    case 'maximum':
      return `must be at most ${String(params['limit'])}`
    case 'uniqueItems':
      return 'must not hold the same value twice'
    case 'pattern':
      return `must match: ${parentSchema?.description ?? String(params['pattern'])}`
    case 'format':
      return params['format'] === 'date-time'
        ? 'must be a time such as 2030-01-31T12:00:00.000Z'
        : `must be of the format ${String(params['format'])}`
    default:
      return message ?? 'is not valid'
  }
}

function unitOf(keyword: string): string {
  if (keyword.endsWith('Length')) return 'characters'
  return keyword.endsWith('Items') ? 'items' : 'members'
}

function article(type: string): string {
  if (type === 'null') return 'null'
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`
}

/** Says what was sent without repeating much of it, and nothing of a secret. */
function found({ data, instancePath }: SchemaError): string {
  if (data === null || typeof data === 'boolean' || typeof data === 'number') return String(data)
  if (typeof data === 'string') {
    if (SECRET_POINTER.test(instancePath)) return `a string of ${data.length} characters`
    return data.length <= SHOWN_LENGTH_MAX ? JSON.stringify(data) : `a string of ${data.length} characters`
  }
  if (Array.isArray(data)) return `an array of ${data.length} items`
  return typeof data === 'object' ? 'an object' : 'nothing'
}

function nameOf(pointer: string): string {
  return pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~')
}

function escapePointer(name: string): string {
  return name.slice(0, SHOWN_LENGTH_MAX).replaceAll('~', '~0').replaceAll('/', '~1')
}

function quote(name: string): string {
  return JSON.stringify(name.length <= SHOWN_LENGTH_MAX ? name : `${name.slice(0, SHOWN_LENGTH_MAX)}…`)
}
