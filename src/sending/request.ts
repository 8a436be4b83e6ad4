import packageDescription from '../../package.json' with { type: 'json' }
import { writeSentMark } from '../domain/sent-headers.ts'
import { signStandard, signText, type SigningKey } from './signature.ts'

/** What one attempt tells its receiver. */
export interface OutgoingDelivery {
  deliveryId: string
  eventId: string
  eventType: string
  /** ISO 8601 with milliseconds. */
  eventTimestamp: string
  workflowId: string
  /** The JSON text of `data` exactly as it was published. */
  data: string
  /** 1 for the first attempt. */
  attemptNumber: number
}

const { version } = packageDescription
const USER_AGENT = `Postrider/${version}`

export interface BuiltRequest {
  headers: Record<string, string>
  body: string
  /** What is kept of the headers (`showStoredHeaders` reads it): no signature and none of the customer's values. */
  sentMark: string
}

/**
 * Builds headers and body of one attempt, signed by every live secret.
 * @param keys newest first, at least one.
 * @param customHeaders lower-case names, as `checkCustomHeaders` gives them; they can never replace our own.
 * @param nowMs the time of this attempt, unix milliseconds; receivers refuse what is five minutes off.
 */
export function buildRequest(
  delivery: OutgoingDelivery,
  keys: readonly SigningKey[],
  customHeaders: Readonly<Record<string, string>>,
  nowMs: number,
): BuiltRequest {
  if (keys.length === 0) throw new TypeError('A request needs at least one key to be signed with.')
  const timestampSeconds = Math.floor(nowMs / 1000)
  const body = buildBody(delivery, keys, timestampSeconds)
  const headers: Record<string, string> = {
    ...customHeaders,
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    'accept-encoding': 'identity',
    'x-webhook-id': delivery.deliveryId,
    'x-webhook-event': delivery.eventType,
    'x-webhook-attempt': String(delivery.attemptNumber),
    'x-webhook-signature': signText(body, keys, timestampSeconds),
    'webhook-id': delivery.deliveryId,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signStandard(delivery.deliveryId, body, keys, timestampSeconds),
  }
  const customNames = Object.keys(customHeaders)
  const sentMark = writeSentMark({ version, timestampSeconds, signatures: keys.length, customNames })
  return { headers, body, sentMark }
}

/**
 * The body with `data` byte for byte and its own signature as the last member. What that signature covers is the
 * body without the member, so a receiver can cut it out again and needs no JSON canonicaliser. Ids, type and time are
 * our own texts and hold nothing that JSON would escape.
 */
function buildBody(
  delivery: OutgoingDelivery,
  keys: readonly SigningKey[],
  timestampSeconds: number,
): string {
  const members =
    `{"id":"${delivery.eventId}","deliveryId":"${delivery.deliveryId}","eventType":"${delivery.eventType}"` +
    `,"timestamp":"${delivery.eventTimestamp}"` +
    `,"workflowId":${JSON.stringify(delivery.workflowId)}` +
    `,"data":${delivery.data}`
  return `${members},"signature":"${signText(`${members}}`, keys, timestampSeconds)}"}`
}
