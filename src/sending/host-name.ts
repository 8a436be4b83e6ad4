/** Names that never belong to a receiver on the internet: special-use names (RFC 6761, 6762, 7686, 8375) and cloud-internal ones. */
const REFUSED_SUFFIXES = [
  'localhost',
  'local',
  'internal',
  'localdomain',
  'home.arpa',
  'onion',
  'test',
  'invalid',
  'example',
]

/** Why `host`, lower-case and in ASCII as the URL parser gives it, is no well-formed name; null when it is one. */
export function describeMalformedName(host: string): string | null {
  if (host.endsWith('.')) return 'The host name must not end with a dot.'
  if (host.length > 253) return 'The host name is longer than 253 characters.'
  const labels = host.split('.')
  if (labels.includes('')) return 'The host name has an empty part between two dots.'
  if (labels.some((label) => label.length > 63))
    return 'A part of the host name is longer than 63 characters.'
  if (!labels.every((label) => /^[a-z0-9_-]+$/.test(label))) {
    return 'The host name may only have letters, digits, hyphens and underscores between its dots.'
  }
  return null
}

/** Whether `host` can be looked up in the public DNS: it has a dot and is under no name reserved for other use. */
export function isPublicName(host: string): boolean {
  if (!host.includes('.')) return false
  return !REFUSED_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
}
