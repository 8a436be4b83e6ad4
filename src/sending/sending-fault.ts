/**
 * `closed`, `overloaded`, `out_of_resources`: try again later or elsewhere; `invalid_request`: a mistake in the caller.
 * None of them says anything about the endpoint.
 */
export type SendingFaultCode = 'closed' | 'overloaded' | 'out_of_resources' | 'invalid_request'

const MESSAGES: Record<SendingFaultCode, string> = {
  closed: 'The sender is closed.',
  overloaded: 'The sender has as many requests in flight as it may.',
  out_of_resources: 'This machine has no sockets, ports or memory left for a connection.',
  invalid_request: 'The request cannot be put into HTTP.',
}

/** A fault of our own side: the attempt was not made and must not be held against the endpoint. */
export class SendingFault extends Error {
  override readonly name = 'SendingFault'
  readonly code: SendingFaultCode

  constructor(code: SendingFaultCode, cause?: unknown) {
    super(MESSAGES[code], { cause })
    this.code = code
  }
}
