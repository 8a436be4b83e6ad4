import createClient from 'openapi-fetch'
import { problemFrom, unreachable } from './problem.ts'
import type { paths } from './schema.d.ts'

/**
 * The only way to the API. The extra header, which no foreign page can send, tells the server that a request with the
 * session's cookie comes from this page.
 */
export const api = createClient<paths>({
  baseUrl: '/',
  credentials: 'same-origin',
  headers: { 'x-postrider-csrf': '1' },
  // Looked up at each call, so that tests and tools may replace it.
  fetch: (request) => globalThis.fetch(request),
})

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of a call, or its refusal as an `ApiProblem`. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await call
  } catch (error) {
    throw unreachable(error)
  }
  if (!answer.response.ok) throw problemFrom(answer.response.status, answer.error)
  return answer.data as T
}
