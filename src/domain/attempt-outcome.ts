/** Why an attempt failed: the closed list that operators and customers see. */
export const FAILURES = [
  'dns',
  'connect',
  'tls',
  'timeout',
  'status',
  'redirect',
  'protocol',
  'blocked_target',
  'gone',
  'interrupted',
] as const

export type Failure = (typeof FAILURES)[number]

/** What one POST met, in values that may enter a workflow's history. */
export type AttemptOutcome =
  | { kind: 'accepted'; statusCode: number }
  | {
      kind: 'refused'
      statusCode: number
      failure: 'status' | 'redirect' | 'gone'
      /** Only on 429 and 503, and never more than 24 hours. */
      retryAfterMs: number | null
    }
  | {
      kind: 'unreachable'
      failure: 'dns' | 'connect' | 'tls' | 'timeout' | 'protocol' | 'blocked_target'
    }
