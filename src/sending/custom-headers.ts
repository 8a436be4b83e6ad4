const MAXIMUM_COUNT = 20
const MAXIMUM_NAME_LENGTH = 256
const MAXIMUM_VALUE_LENGTH = 4096

/** A token of RFC 9110 §5.6.2. */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

/** Visible ASCII, with spaces between but not around, as `Bearer …` needs. */
const VALUE = /^[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?$/

/** Headers that frame the message, speak for a proxy, identify us, or open a cloud's metadata service. */
const REFUSED_NAMES = new Set([
  'accept-encoding',
  'connection',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'metadata',
  'metadata-flavor',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
  'x-real-ip',
])
const REFUSED_PREFIXES = [
  'content-',
  'proxy-',
  'webhook-',
  'x-amz-',
  'x-aws-',
  'x-forwarded-',
  'x-goog-',
  'x-webhook-',
]

/**
 * The rules for the headers a customer adds to every request of a webhook.
 * @returns them with lower-case names, or every problem with the name as it was written (empty: the whole object).
 */
export function checkCustomHeaders(
  headers: Record<string, string>,
):
  | { ok: true; headers: Record<string, string> }
  | { ok: false; problems: { name: string; detail: string }[] } {
  const entries = Object.entries(headers)
  if (entries.length > MAXIMUM_COUNT) {
    return { ok: false, problems: [{ name: '', detail: `At most ${MAXIMUM_COUNT} headers can be added.` }] }
  }
  const accepted = new Map<string, string>()
  const problems: { name: string; detail: string }[] = []
  for (const [name, value] of entries) {
    const lowerName = name.toLowerCase()
    const detail =
      describeRefusedName(lowerName) ??
      (accepted.has(lowerName) ? 'This header is given twice; names are not case-sensitive.' : null) ??
      describeRefusedValue(value)
    if (detail === null) accepted.set(lowerName, value)
    else problems.push({ name, detail })
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, headers: Object.fromEntries(accepted) }
}

function describeRefusedName(name: string): string | null {
  if (name.length > MAXIMUM_NAME_LENGTH) return `A header name has at most ${MAXIMUM_NAME_LENGTH} characters.`
  if (!NAME.test(name)) return 'This is not a valid header name.'
  if (REFUSED_NAMES.has(name) || REFUSED_PREFIXES.some((prefix) => name.startsWith(prefix))) {
    return 'This header is reserved and cannot be set.'
  }
  return null
}

function describeRefusedValue(value: string): string | null {
  if (value.length > MAXIMUM_VALUE_LENGTH)
    return `A header value has at most ${MAXIMUM_VALUE_LENGTH} characters.`
  if (!VALUE.test(value)) return 'A header value must be visible ASCII characters, without spaces around it.'
  return null
}
