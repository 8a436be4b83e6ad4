import type { Failure } from '../domain/attempt-outcome.ts'

export interface FailureFacts {
  /** With its port, if it has one of its own. */
  host: string
  statusCode: number | null
  /** Of one attempt. */
  timeoutMs: number
}

/** What an attempt met and what to do about it, for someone who has never seen a log of it. */
export function describeFailure(failure: Failure, { host, statusCode, timeoutMs }: FailureFacts): string {
  switch (failure) {
    case 'dns':
      return `The name ${host} could not be found. Check its spelling; a new name can take an hour to be known.`
    case 'connect':
      return `${host} did not accept the connection. Ask its owner whether it is running and lets us in.`
    case 'tls':
      return `The certificate of ${host} has expired, is not trusted or belongs to another name. Its owner must fix it.`
    case 'timeout':
      return `${host} did not answer within ${timeoutMs / 1_000} s. It should answer first and do the work afterwards.`
    case 'status':
      return describeStatus(host, statusCode)
    case 'redirect':
      return `${host} answered with a redirect, which is never followed. Enter the final address as the URL.`
    case 'protocol':
      return `What ${host} answered was not HTTP. Check the port, and whether it is http or https.`
    case 'blocked_target':
      return `${host} leads to an address that is not public. Use a public one, or ask the operator to allow it.`
    case 'gone':
      return `${host} answered 410, which asks us to stop, so the webhook was turned off. If that was a mistake, turn it on again.`
    case 'interrupted':
      return 'We were cut off during an attempt, so it may have arrived. It is sent again under the same id.'
  }
}

function describeStatus(host: string, statusCode: number | null): string {
  const answered = `${host} answered ${statusCode ?? 'something'} and so did not accept the event.`
  if (statusCode !== null && statusCode < 500) return `${answered} Check the URL and the secret.`
  return `${answered} Show its owner the reply.`
}
