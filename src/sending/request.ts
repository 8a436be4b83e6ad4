import packageDescription from '../../package.json' with { type: 'json' }
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

const USER_AGENT = `Postrider/${packageDescription.version}`
const MASK = '••••'

/** Our own headers that are shown as they were sent; anything else is a customer's, whose values are secrets. */
const SHOWN_HEADERS = new Set([
  'content-type',
  'user-agent',
  'accept-encoding',
  'x-webhook-id',
  'x-webhook-event',
  'x-webhook-attempt',
  'webhook-id',
  'webhook-timestamp',
])
const SIGNATURE_HEADERS = new Set(['x-webhook-signature', 'webhook-signature'])

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
): { headers: Record<string, string>; body: string } {
  if (keys.length === 0) throw new TypeError('A request needs at least one key to be signed with.')
  const timestampSeconds = Math.floor(nowMs / 1000)
  const body = buildBody(delivery, keys, timestampSeconds)
  const headers = {
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
  return { headers, body }
}

/** The headers as they may be stored and shown: signatures and customers' values hidden, everything else as sent. */
export function maskSignatures(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const lowerName = name.toLowerCase()
      if (SHOWN_HEADERS.has(lowerName)) return [name, value]
      if (SIGNATURE_HEADERS.has(lowerName))
        return [name, value.replace(/(v1[=,])[0-9A-Za-z+/=]+/g, `$1${MASK}`)]
      return [name, MASK]
    }),
  )
}

/**
 * The body with `data` byte for byte and its own signature as the last member. What that signature covers is the
 * body without the member, so a receiver can cut it out again and needs no JSON canonicaliser.
 */
function buildBody(
  delivery: OutgoingDelivery,
  keys: readonly SigningKey[],
  timestampSeconds: number,
): string {
  const members =
    `{"id":${JSON.stringify(delivery.eventId)}` +
    `,"deliveryId":${JSON.stringify(delivery.deliveryId)}` +
    `,"eventType":${JSON.stringify(delivery.eventType)}` +
    `,"timestamp":${JSON.stringify(delivery.eventTimestamp)}` +
    `,"workflowId":${JSON.stringify(delivery.workflowId)}` +
    `,"data":${delivery.data}`
  return `${members},"signature":"${signText(`${members}}`, keys, timestampSeconds)}"}`
}
