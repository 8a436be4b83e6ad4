import { type Static, Type } from 'typebox'

import { TRIGGERS } from '../../domain/delivery.ts'
import { FailureName, nullable, oneOf, Time } from './shared.ts'

const Headers = nullable(Type.Record(Type.String(), Type.String()))
const milliseconds = (description: string) => nullable(Type.Number({ minimum: 0, description }))

/** One POST and what it met. */
export const AttemptModel = Type.Object(
  {
    number: Type.Integer({ minimum: 1, description: 'The `X-Webhook-Attempt` of the request.' }),
    trigger: oneOf(TRIGGERS),
    startedAt: Time,
    statusCode: nullable(Type.Integer({ description: 'Null when no readable answer came.' })),
    responseTimeMs: nullable(
      Type.Integer({ minimum: 0, description: 'Until the reply’s headers were complete.' }),
    ),
    responseBody: nullable(Type.String({ description: 'The first 16 KiB, as text.' })),
    responseBodyTruncated: Type.Boolean(),
    responseHeaders: Headers,
    requestHeaders: Headers,
    timings: Type.Object({
      dnsMs: milliseconds('Finding the address.'),
      connectMs: milliseconds('Opening the connection.'),
      tlsMs: milliseconds('Agreeing on encryption.'),
      firstByteMs: milliseconds('Waiting for the first byte of the reply.'),
    }),
    remoteAddress: nullable(Type.String({ description: 'Null for a refused target.' })),
    failure: nullable(FailureName),
    nextAttemptAt: nullable(Time),
  },
  { $id: 'Attempt', description: 'One POST of a delivery; signatures and added headers are masked.' },
)
export type AttemptModel = Static<typeof AttemptModel>
