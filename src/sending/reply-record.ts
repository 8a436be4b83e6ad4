import type { ReplyHeaders } from './reply.ts'

/** Headers of a reply that help to find a fault and carry no session; everything else is dropped. */
const RECORDED_HEADERS = new Set([
  'allow',
  'cf-ray',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'location',
  'request-id',
  'retry-after',
  'server',
  'transfer-encoding',
  'via',
  'www-authenticate',
  'x-amzn-requestid',
  'x-correlation-id',
  'x-request-id',
])
const LONGEST_HEADER_VALUE = 1024
const MASK = '••••'

/** Shorter texts would also hide what was never a secret. */
const SHORTEST_CONFIDENTIAL = 8

/** The first value of a header, or null. */
export function firstValue(headers: ReplyHeaders, name: string): string | null {
  const value = headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? null
}

/** The allow-listed headers of a reply as they may be stored: bounded, without confidential texts. */
export function recordHeaders(
  headers: ReplyHeaders,
  confidential: readonly string[],
): Record<string, string> {
  const recorded: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !RECORDED_HEADERS.has(name)) continue
    const text = Array.isArray(value) ? value.join(', ') : value
    recorded[name] = maskConfidential(makeStorable(text), confidential)
      .slice(0, LONGEST_HEADER_VALUE)
      .toWellFormed()
  }
  return recorded
}

/**
 * The text of a body as it may be stored. Bytes that are no UTF-8 and NUL become U+FFFD, because PostgreSQL takes
 * neither; a receiver that echoes our secrets does not publish them to everyone who may read attempts.
 */
export function recordBody(body: Buffer, isTruncated: boolean, confidential: readonly string[]): string {
  // Streaming drops the half character that a cut leaves at the end.
  const text = isTruncated ? new TextDecoder().decode(body, { stream: true }) : body.toString('utf8')
  return maskConfidential(makeStorable(text), confidential, isTruncated)
}

function makeStorable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed()
}

function maskConfidential(text: string, confidential: readonly string[], isTruncated = false): string {
  if (text.length < SHORTEST_CONFIDENTIAL) return text
  let masked = text
  for (const secret of writtenFormsOf(confidential)) {
    masked = masked.replaceAll(secret, MASK)
    if (isTruncated) masked = maskCutOff(masked, secret)
  }
  return masked
}

/** A webhook hands in the same list for every attempt, so its forms are worked out once. */
const knownForms = new WeakMap<readonly string[], readonly string[]>()

function writtenFormsOf(confidential: readonly string[]): readonly string[] {
  const known = knownForms.get(confidential)
  if (known !== undefined) return known
  const forms = confidential.flatMap(writtenForms)
  knownForms.set(confidential, forms)
  return forms
}

/** As it is, and as JSON writers that escape slashes or quotes put it. */
function writtenForms(secret: string): string[] {
  if (secret.length < SHORTEST_CONFIDENTIAL) return []
  const bare = secret.startsWith('whsec_') ? [secret.slice('whsec_'.length)] : []
  return [secret, ...bare].flatMap((text) => {
    const json = JSON.stringify(text).slice(1, -1)
    return [...new Set([text, json, json.replaceAll('/', '\\/')])]
  })
}

/** Hides the beginning of a secret whose rest was cut off with the body. */
function maskCutOff(text: string, secret: string): string {
  for (let length = Math.min(secret.length - 1, text.length); length >= SHORTEST_CONFIDENTIAL; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + MASK
  }
  return text
}
