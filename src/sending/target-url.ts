import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import {
  contains,
  isCanonicalNetwork,
  isPublicAddress,
  parseAddress,
  parseNetwork,
  type Network,
} from './address.ts'
import { describeMalformedName, isPublicName } from './host-name.ts'

/** What may be called although it is not public: the meaning of `POSTRIDER_ALLOWED_TARGETS`. */
export interface AllowedTargets {
  readonly networks: readonly Network[]
  /** Lower-case ASCII names. */
  readonly hosts: ReadonlySet<string>
}

export interface TargetRules {
  allowHttp: boolean
  allowed: AllowedTargets
}

export const NO_ALLOWED_TARGETS: AllowedTargets = { networks: [], hosts: new Set() }

const MAXIMUM_URL_LENGTH = 2048

/** Ports of databases, caches, control planes and mail, which a POST could harm even behind a public address. */
const REFUSED_PORTS = new Set([
  '0',
  '22',
  '25',
  '2375',
  '3306',
  '5432',
  '6379',
  '7233',
  '8500',
  '9200',
  '10250',
  '11211',
  '27017',
])

/** Reads a comma-separated list of CIDRs, addresses and host names; the empty text means none. */
export function parseAllowedTargets(
  text: string,
): { ok: true; allowed: AllowedTargets } | { ok: false; problem: string } {
  const networks: Network[] = []
  const hosts = new Set<string>()
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    if (entry.includes('/') || isIP(entry) !== 0) {
      const network = parseNetwork(entry)
      if (network === null)
        return { ok: false, problem: `"${entry}" is no CIDR such as 10.0.0.0/8 or ::1/128.` }
      if (!isCanonicalNetwork(network)) {
        return { ok: false, problem: `"${entry}" has bits set behind its prefix length.` }
      }
      networks.push(network)
    } else {
      const host = domainToASCII(entry)
      if (host === '' || describeMalformedName(host) !== null || /^[\d.]+$/.test(host)) {
        return { ok: false, problem: `"${entry}" is neither a CIDR nor a host name.` }
      }
      hosts.add(host)
    }
  }
  return { ok: true, allowed: { networks, hosts } }
}

/** Whether an IP literal without brackets may be called under these rules, public or not. */
export function mayCallAddress(address: string, allowed: AllowedTargets): boolean {
  if (isPublicAddress(address)) return true
  const bytes = parseAddress(address)
  return bytes !== null && allowed.networks.some((network) => contains(network, bytes))
}

/** What `localhost` stands for: the loopback addresses that are allowed, so none unless the operator says so. */
export function localhostAddresses(allowed: AllowedTargets): string[] {
  return ['127.0.0.1', '::1'].filter((address) => mayCallAddress(address, allowed))
}

/**
 * The rules a target URL must meet when it is written. They cannot know what a name will resolve to: the
 * addresses are judged when the connection is made.
 * @returns the normalised URL and its host name (an IPv6 literal without brackets), or one sentence saying why not.
 */
export function checkTargetUrl(
  text: string,
  rules: TargetRules,
): { ok: true; href: string; host: string } | { ok: false; reason: string } {
  const malformed = describeMalformedText(text, rules.allowHttp)
  if (malformed !== null) return { ok: false, reason: malformed }
  if (!URL.canParse(text)) return { ok: false, reason: 'The URL is not valid.' }
  const url = new URL(text)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const reason =
    describeRefusedPort(url) ??
    (isIP(host) === 0
      ? describeRefusedName(host, rules.allowed)
      : describeRefusedAddress(text, host, rules.allowed))
  return reason === null ? { ok: true, href: url.href, host } : { ok: false, reason }
}

/** Problems of the text itself, found before a parser can smooth them over. */
function describeMalformedText(text: string, allowHttp: boolean): string | null {
  if (text.length > MAXIMUM_URL_LENGTH) return `The URL is longer than ${MAXIMUM_URL_LENGTH} characters.`
  if (/[\u0000-\u0020\u007f\\]/.test(text)) {
    return 'The URL must not contain spaces, control characters or backslashes.'
  }
  if (text.startsWith('http://') && !allowHttp) {
    return 'The URL must start with https:// (http:// is accepted only where POSTRIDER_ALLOW_HTTP is true).'
  }
  if (!/^https?:\/\/(?!\/)/.test(text)) {
    return `The URL must start with ${allowHttp ? 'https:// or http://' : 'https://'} and a host.`
  }
  if (text.includes('#')) return 'The URL must not have a fragment (#).'
  if (writtenAuthority(text).includes('@')) return 'The URL must not contain a user name or password.'
  return null
}

function describeRefusedPort(url: URL): string | null {
  return REFUSED_PORTS.has(url.port) ? `Port ${url.port} cannot be used for a webhook.` : null
}

function describeRefusedName(host: string, allowed: AllowedTargets): string | null {
  const malformed = describeMalformedName(host)
  if (malformed !== null) return malformed
  if (allowed.hosts.has(host) || isPublicName(host)) return null
  if (host === 'localhost' && localhostAddresses(allowed).length > 0) return null
  return `The host ${host} is not on the public internet and not listed in POSTRIDER_ALLOWED_TARGETS.`
}

function describeRefusedAddress(text: string, host: string, allowed: AllowedTargets): string | null {
  if (!mayCallAddress(host, allowed)) {
    return `The address ${host} is not on the public internet and not listed in POSTRIDER_ALLOWED_TARGETS.`
  }
  const written = writtenAuthority(text).replace(/:\d*$/, '')
  // 0x7f.1, 2130706433 or full-width digits are never typed by accident: they are written to slip past a filter.
  return isIP(host) === 4 && written !== host
    ? 'An IPv4 address must be written as four decimal numbers.'
    : null
}

/** The part between `//` and the path, as it was typed. */
function writtenAuthority(text: string): string {
  return /^https?:\/\/([^/?]*)/.exec(text)?.[1] ?? ''
}
