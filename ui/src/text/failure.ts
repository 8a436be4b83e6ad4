import type { Failure } from '../api/types.ts'
import { duration } from './time.ts'
import { visibleText } from './visible-text.ts'

export interface FailureFacts {
  host: string
  statusCode: number | null
  timeoutMs: number | null
  /** Where a redirect pointed to. */
  location: string | null
}

/** Why an attempt failed and what to do about it. */
export function failureSentence(
  failure: Failure,
  { host, statusCode, timeoutMs, location }: FailureFacts,
): string {
  switch (failure) {
    case 'dns':
      return `We could not find ${host}. Check the spelling; a new name may need an hour.`
    case 'connect':
      return `${host} did not accept a connection. Ask its owner if it is up and lets us in.`
    case 'tls':
      return `${host}’s certificate is expired, untrusted or another’s. Its owner must fix it.`
    case 'timeout':
      return `No answer in ${timeoutMs === null ? 'time' : duration(timeoutMs)}. The endpoint should answer first and work later.`
    case 'status':
      return statusSentence(statusCode)
    case 'redirect':
      return `It points to ${location === null ? 'another address' : visibleText(location)}; we never follow. Enter the final address.`
    case 'protocol':
      return 'The reply was not HTTP. Check the port and http or https.'
    case 'blocked_target':
      return `${host} leads to a private address. Use a public one or ask the operator.`
    case 'gone':
      return 'The endpoint answered 410, “stop”, so we turned the webhook off. If that is wrong, turn it on.'
    case 'interrupted':
      return 'We were cut off; it may have arrived. It is sent again under the same ID.'
  }
}

function statusSentence(statusCode: number | null): string {
  const answered = `The endpoint answered ${statusCode ?? 'with an error'}: not accepted.`
  if (statusCode !== null && statusCode >= 500) return `${answered} Show its owner the reply.`
  if (statusCode !== null && statusCode >= 400) return `${answered} Check the URL and the secret.`
  return answered
}

/** The cause in a word or two, for rows. */
export function failureWord(failure: Failure, statusCode: number | null): string {
  switch (failure) {
    case 'dns':
      return 'host not found'
    case 'connect':
      return 'no connection'
    case 'tls':
      return 'certificate'
    case 'timeout':
      return 'no answer in time'
    case 'status':
      return `answered ${statusCode ?? 'an error'}`
    case 'redirect':
      return 'redirect'
    case 'protocol':
      return 'not HTTP'
    case 'blocked_target':
      return 'private address'
    case 'gone':
      return 'answered 410'
    case 'interrupted':
      return 'cut off'
  }
}
