import { isIP } from 'node:net'

import { parseDurationMs } from './domain/duration.ts'
import { checkWaits, isScheduleName, type Schedule } from './domain/schedule.ts'
import { parseAllowedTargets } from './sending/target-url.ts'

/** How one value of the environment is read: what is allowed, in words, and a reader that answers undefined for all else. */
export interface ValueKind<T> {
  readonly allowed: string
  readonly read: (text: string) => T | undefined
}

export interface MasterKey {
  readonly kid: string
  /** 32 bytes. */
  readonly key: Buffer
}

const EMAIL = /^[^\s@<>,]+@[^\s@<>,]+$/
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/i
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/
const MASTER_KEY_BYTES = 32

export const anyText: ValueKind<string> = { allowed: 'any text', read: (text) => text }

export const hostName: ValueKind<string> = {
  allowed: 'an IP address or a host name',
  read: (text) => (isIP(text) !== 0 || HOST_NAME.test(text) ? text : undefined),
}

export const port: ValueKind<number> = {
  allowed: 'a port from 0 to 65535 (0 takes a free one)',
  read: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
}

export const flag: ValueKind<boolean> = {
  allowed: 'true or false',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
}

export function oneOf<const T extends string>(...choices: readonly T[]): ValueKind<T> {
  return {
    allowed: `one of ${choices.join(', ')}`,
    read: (text) => choices.find((choice) => choice === text),
  }
}

/** Milliseconds, written as a whole number and a unit between the two limits (written the same way). */
export function duration(minimum: string, maximum: string): ValueKind<number> {
  const minimumMs = parseDurationMs(minimum) ?? 0
  const maximumMs = parseDurationMs(maximum) ?? Number.MAX_SAFE_INTEGER
  return {
    allowed: `a whole number and a unit (s, m, h, d) from ${minimum} to ${maximum}`,
    read: (text) => {
      const valueMs = parseDurationMs(text)
      return valueMs !== undefined && valueMs >= minimumMs && valueMs <= maximumMs ? valueMs : undefined
    },
  }
}

/** The same, or `off`, which reads as null. */
export function durationOrOff(minimum: string, maximum: string): ValueKind<number | null> {
  const written = duration(minimum, maximum)
  return {
    allowed: `off, or ${written.allowed}`,
    read: (text) => (text === 'off' ? null : written.read(text)),
  }
}

export const schedule: ValueKind<Schedule> = {
  allowed: 'standard, short, or 1 to 20 waits of 1s to 7d such as 1m,5m,30m',
  read: (text) => {
    if (isScheduleName(text)) return text
    const waits = text.split(',').map((wait) => wait.trim())
    return checkWaits(waits).length === 0 ? waits : undefined
  },
}

/** An http(s) URL without path, query or credentials; reads as its origin. */
export const webOrigin: ValueKind<string> = {
  allowed: 'an origin such as https://hooks.example.com, without a path',
  read: (text) => {
    const url = URL.parse(text)
    if (url === null || !['http:', 'https:'].includes(url.protocol)) return undefined
    return url.href === `${url.origin}/` ? url.origin : undefined
  },
}

export function urlWith(protocols: readonly string[]): ValueKind<string> {
  return {
    allowed: `a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    read: (text) => (protocols.includes(URL.parse(text)?.protocol ?? '') ? text : undefined),
  }
}

export const hostAndPort: ValueKind<string> = {
  allowed: 'host:port',
  read: (text) => {
    const match = /^(\[[0-9a-f:.]+\]|[^\s:/]+):(\d{1,5})$/i.exec(text)
    return match !== null && Number(match[2]) <= 65_535 ? text : undefined
  },
}

export const apiKey: ValueKind<string> = {
  allowed: 'whk_live_<id>_<secret>, of letters and digits, the secret 16 to 128 of them',
  read: (text) => (/^whk_live_[0-9A-Za-z]{1,64}_[0-9A-Za-z]{16,128}$/.test(text) ? text : undefined),
}

export const emailSender: ValueKind<string> = {
  allowed: 'an e-mail address, or Name <address>',
  read: (text) => {
    const address = /^[^<>]*<([^<>]+)>$/.exec(text)?.[1] ?? text
    return EMAIL.test(address.trim()) ? text : undefined
  },
}

export const emailList: ValueKind<readonly string[]> = {
  allowed: 'e-mail addresses separated by commas',
  read: (text) => {
    const addresses = text.split(',').map((address) => address.trim())
    return addresses.every((address) => EMAIL.test(address)) ? addresses : undefined
  },
}

/** `kid:base64(32 bytes)[,…]`; the first encrypts, the others only decrypt. */
export const masterKeys: ValueKind<readonly MasterKey[]> = {
  allowed: 'kid:base64(32 bytes)[,…], each kid once, of letters, digits, _ and -',
  read: (text) => {
    const keys = text.split(',').map((part) => readMasterKey(part.trim()))
    const known = keys.filter((key) => key !== undefined)
    const isDistinct = new Set(known.map(({ kid }) => kid)).size === keys.length
    return isDistinct ? known : undefined
  },
}

function readMasterKey(text: string): MasterKey | undefined {
  const separator = text.indexOf(':')
  const kid = text.slice(0, Math.max(separator, 0))
  const encoded = text.slice(separator + 1)
  const key = Buffer.from(encoded, 'base64')
  // Node's decoder skips what it does not know; only a text that encodes back to itself was base64.
  const isBase64 = key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '')
  return KEY_ID.test(kid) && isBase64 && key.length === MASTER_KEY_BYTES ? { kid, key } : undefined
}

/** CIDRs, addresses and host names separated by commas; kept as text, with nothing in it meaning none. */
export const targetList: ValueKind<string> = {
  allowed: 'CIDRs, IP addresses and host names separated by commas, such as 10.0.0.0/8,hooks.internal',
  read: (text) => (parseAllowedTargets(text).ok ? text : undefined),
}
