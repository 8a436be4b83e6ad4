const MASK = '••••'

/** What the headers of one request cannot be told from its delivery: few bytes, kept with every attempt. */
export interface SentMark {
  /** Of Postrider, as the user agent names it. */
  version: string
  /** Of the signatures, unix seconds. */
  timestampSeconds: number
  /** How many secrets were live. */
  signatures: number
  /** The customer's own headers; their values are secrets and not kept. */
  customNames: readonly string[]
}

/** In its stored form; nothing in it needs quoting, and `showStoredHeaders` reads it. */
export function writeSentMark({ version, timestampSeconds, signatures, customNames }: SentMark): string {
  return `${version} ${timestampSeconds} ${signatures} ${customNames.join(',')}`
}

/** Reads what `writeSentMark` wrote; null for anything else. */
function readSentMark(text: string): SentMark | null {
  const match = /^(\S+) (\d+) (\d+) (\S*)$/.exec(text)
  if (match === null) return null
  const [, version = '', timestamp, signatures, names = ''] = match
  return {
    version,
    timestampSeconds: Number(timestamp),
    signatures: Number(signatures),
    customNames: names === '' ? [] : names.split(','),
  }
}

/** The headers of a request as they were sent, with signatures and customers' values masked; null without a mark. */
export function showStoredHeaders(
  text: string | null,
  sent: { deliveryId: string; eventType: string; attemptNumber: number },
): Record<string, string> | null {
  const mark = text === null ? null : readSentMark(text)
  if (mark === null) return null
  const timestamp = String(mark.timestampSeconds)
  const masked = (scheme: string, separator: string): string =>
    Array.from({ length: mark.signatures }, () => `${scheme}${MASK}`).join(separator)
  return {
    ...Object.fromEntries(mark.customNames.map((name) => [name, MASK])),
    'content-type': 'application/json',
    'user-agent': `Postrider/${mark.version}`,
    'accept-encoding': 'identity',
    'x-webhook-id': sent.deliveryId,
    'x-webhook-event': sent.eventType,
    'x-webhook-attempt': String(sent.attemptNumber),
    'x-webhook-signature': `t=${timestamp},${masked('v1=', ',')}`,
    'webhook-id': sent.deliveryId,
    'webhook-timestamp': timestamp,
    'webhook-signature': masked('v1,', ' '),
  }
}
