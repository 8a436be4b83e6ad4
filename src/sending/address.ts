/**
 * Decides over bytes whether an address is out on the public internet. Everything that is not known to be
 * public is refused, because a mistake in that direction costs a delivery and the other one the network behind us.
 */

export interface Network {
  readonly bytes: Uint8Array
  readonly prefixLength: number
}

/** IANA's special-purpose IPv4 blocks (RFC 6890 and its successors), multicast, class E, and Azure's platform address. */
const REFUSED_IPV4 = networks(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
)

/** Only global unicast is assigned; NAT64, mapped, local and multicast addresses all lie outside of it. */
const GLOBAL_IPV6 = networks('2000::/3')

/** Inside global unicast: protocol assignments with Teredo, documentation, 6to4, AS112, and the old 6bone. */
const REFUSED_IPV6 = networks(
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
  '3ffe::/16',
)

/**
 * Whether `address`, an IP literal without brackets, may be called by anybody's wish.
 * A zone identifier, a form that is not canonical, or anything unreadable makes it false.
 */
export function isPublicAddress(address: string): boolean {
  const bytes = parseAddress(address)
  if (bytes === null) return false
  if (bytes.length === 4) return !REFUSED_IPV4.some((network) => contains(network, bytes))
  return (
    GLOBAL_IPV6.some((network) => contains(network, bytes)) &&
    !REFUSED_IPV6.some((network) => contains(network, bytes))
  )
}

/** The 4 or 16 bytes of an IP literal (RFC 6943's strict dotted form, RFC 4291), or null for anything else. */
export function parseAddress(address: string): Uint8Array | null {
  return address.includes(':') ? parseIpv6(address) : parseIpv4(address)
}

/** A network written as `address/prefix length` or as one address; null when unreadable. */
export function parseNetwork(text: string): Network | null {
  const [address = '', prefix, ...rest] = text.split('/')
  const bytes = parseAddress(address)
  if (bytes === null || rest.length > 0) return null
  if (prefix === undefined) return { bytes, prefixLength: bytes.length * 8 }
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bytes.length * 8) return null
  return { bytes, prefixLength: Number(prefix) }
}

/** Whether `network` has no bits set behind its prefix, as a carefully written one has not. */
export function isCanonicalNetwork(network: Network): boolean {
  return network.bytes.every((byte, index) => (byte & ~prefixMask(network.prefixLength, index)) === 0)
}

/** Whether `bytes`, as parseAddress gives them, lie in `network`; never across the two families. */
export function contains(network: Network, bytes: Uint8Array): boolean {
  if (bytes.length !== network.bytes.length) return false
  return network.bytes.every(
    (byte, index) => ((byte ^ (bytes[index] ?? 0)) & prefixMask(network.prefixLength, index)) === 0,
  )
}

function prefixMask(prefixLength: number, byteIndex: number): number {
  const bits = Math.min(8, Math.max(0, prefixLength - byteIndex * 8))
  return (0xff << (8 - bits)) & 0xff
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  if (!parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return null
  return Uint8Array.from(parts, Number)
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : []
  if (head === null || tail === null) return null
  const zeros = 16 - head.length - tail.length
  if (halves.length === 2 ? zeros < 2 : zeros !== 0) return null
  return Uint8Array.from([...head, ...new Array<number>(zeros).fill(0), ...tail])
}

/** The bytes of colon-separated groups; dotted IPv4 is legal only as the last one of the whole address. */
function parseGroups(text: string, endsAddress: boolean): number[] | null {
  if (text === '') return []
  const groups = text.split(':')
  const bytes: number[] = []
  for (const [index, group] of groups.entries()) {
    if (endsAddress && index === groups.length - 1 && group.includes('.')) {
      const embedded = parseIpv4(group)
      if (embedded === null) return null
      bytes.push(...embedded)
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return null
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes
}

function networks(...texts: string[]): Network[] {
  return texts.map((text) => {
    const network = parseNetwork(text)
    if (network === null) throw new TypeError(`${text} is no network`)
    return network
  })
}
