/** What keeps `npm start` from running and what to do about it, as one sentence for the person in front of it. */
export class LocalRuntimeError extends Error {
  override readonly name = 'LocalRuntimeError'
  readonly code = 'local_runtime'
}
