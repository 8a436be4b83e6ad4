import type { ConnectionLike } from '@temporalio/client'

/** One call to Temporal takes no longer than this, whatever Temporal does. */
export const CALL_TIMEOUT_MS = 3_000

/** Temporal cannot be reached, or does not answer in time. Nothing is lost by it: the rows wait for their dispatcher. */
export class TemporalAwayError extends Error {
  override readonly name = 'TemporalAwayError'
  readonly code = 'temporal_away'
}

/**
 * Runs one call with a deadline. The connection is told of it, and a timer of our own stands behind: a connection that
 * is itself stuck (a stopped process, a black hole) must not hold its caller.
 */
export async function withDeadline<T>(
  connection: Pick<ConnectionLike, 'withDeadline'>,
  call: () => Promise<T>,
  timeoutMs = CALL_TIMEOUT_MS,
): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new TemporalAwayError(`Temporal did not answer within ${timeoutMs} ms`))
  }, timeoutMs)
  const called = connection.withDeadline(Date.now() + timeoutMs, call)
  remember(connection, called)
  try {
    return await Promise.race([called, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

const underWay = new WeakMap<object, Set<Promise<unknown>>>()

function remember(connection: object, called: Promise<unknown>): void {
  const calls = underWay.get(connection) ?? new Set()
  underWay.set(connection, calls)
  const settled = called
    .catch(() => undefined)
    .then(() => {
      calls.delete(settled)
    })
  calls.add(settled)
}

/**
 * Resolves when no call is under way on a connection any more, their own deadlines bound it. A call that is repeated on
 * a channel which was closed under it throws where nobody can catch it, so a connection is closed only after this.
 */
export async function callsSettled(connection: object): Promise<void> {
  await Promise.all([...(underWay.get(connection) ?? [])])
}

// gRPC status codes: https://grpc.io/docs/guides/status-codes/
const CANCELLED = 1
const DEADLINE_EXCEEDED = 4
const RESOURCE_EXHAUSTED = 8
const UNAVAILABLE = 14

/** Whether the next call would most likely fail for the same reason: no use in trying the rest of a batch now. */
export function isTemporalAway(error: unknown): boolean {
  if (error instanceof TemporalAwayError) return true
  const code = grpcCodeOf(error)
  return (
    code === CANCELLED || code === DEADLINE_EXCEEDED || code === RESOURCE_EXHAUSTED || code === UNAVAILABLE
  )
}

/** The gRPC status of an error of the client or of its cause; undefined when it has none. */
export function grpcCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('code' in error && typeof error.code === 'number') return error.code
  return 'cause' in error ? grpcCodeOf(error.cause) : undefined
}
