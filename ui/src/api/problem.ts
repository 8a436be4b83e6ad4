export interface InputProblem {
  /** JSON pointer to the member, such as `/url` or `/events/0`. */
  pointer: string
  detail: string
}

/** A refusal of the API (RFC 9457), or its silence: then `status` is 0. */
export class ApiProblem extends Error {
  readonly status: number
  readonly title: string
  readonly errors: readonly InputProblem[]

  constructor(status: number, title: string, detail: string, errors: readonly InputProblem[] = []) {
    super(detail)
    this.name = 'ApiProblem'
    this.status = status
    this.title = title
    this.errors = errors
  }
}

/** Reads what came instead of the data. A proxy's page of HTML is a problem too, just not a well-told one. */
export function problemFrom(status: number, body: unknown): ApiProblem {
  if (typeof body !== 'object' || body === null)
    return new ApiProblem(status, `The server answered ${status}`, 'Try again in a moment.')
  const members = body as { title?: unknown; detail?: unknown; errors?: unknown }
  const title = typeof members.title === 'string' ? members.title : `The server answered ${status}`
  const detail = typeof members.detail === 'string' ? members.detail : title
  const errors = Array.isArray(members.errors) ? members.errors.filter(isInputProblem) : []
  return new ApiProblem(status, title, detail, errors)
}

export function unreachable(cause: unknown): ApiProblem {
  const problem = new ApiProblem(
    0,
    'The server cannot be reached',
    'It may be restarting. This page tries again by itself.',
  )
  problem.cause = cause
  return problem
}

function isInputProblem(value: unknown): value is InputProblem {
  if (typeof value !== 'object' || value === null) return false
  const { pointer, detail } = value as { pointer?: unknown; detail?: unknown }
  return typeof pointer === 'string' && typeof detail === 'string'
}

export function asProblem(error: unknown): ApiProblem {
  return error instanceof ApiProblem ? error : unreachable(error)
}

function belongsTo(pointer: string, member: string): boolean {
  return pointer === `/${member}` || pointer.startsWith(`/${member}/`)
}

/** What the server says about one member, its parts included: `/events/2` belongs to `events`. */
export function errorOf(error: unknown, member: string): string | undefined {
  if (!(error instanceof ApiProblem)) return undefined
  const found = error.errors.filter(({ pointer }) => belongsTo(pointer, member))
  return found.length === 0 ? undefined : found.map(({ detail }) => detail).join(' ')
}

/** What is left to say beside a form, after those of its fields that have an error have shown their own. */
export function errorBeside(error: unknown, members: readonly string[]): string | undefined {
  if (error === null || error === undefined) return undefined
  const problem = asProblem(error)
  const left = problem.errors.filter(({ pointer }) => !members.some((member) => belongsTo(pointer, member)))
  if (problem.errors.length > 0 && left.length === 0) return undefined
  return left.length > 0 ? left.map(({ detail }) => detail).join(' ') : problem.message
}
