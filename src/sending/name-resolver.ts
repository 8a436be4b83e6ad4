import { Resolver } from 'node:dns/promises'

/** Finds all addresses of a name, IPv4 first; an empty list or a rejection means that there are none to be had. */
export type ResolveName = (name: string) => Promise<readonly string[]>

export interface NameResolverOptions {
  /** Name servers as `address:port`; the system's when absent. */
  servers?: readonly string[]
  /** How long one try may take, in milliseconds. */
  timeoutMs?: number
  tries?: number
  /** How long an answer of one address family waits for the other, in milliseconds. */
  otherFamilyWaitMs?: number
}

/**
 * Asks DNS through c-ares. `dns.lookup` is avoided on purpose: it runs on four threads, which a single name server
 * that keeps silent would fill for everybody.
 */
export function createNameResolver(options: NameResolverOptions = {}): ResolveName {
  const { servers, timeoutMs = 1500, tries = 2, otherFamilyWaitMs = 1000 } = options
  const resolver = new Resolver({ timeout: timeoutMs, tries })
  if (servers !== undefined) resolver.setServers(servers)

  return async (name) => {
    const ipv4 = resolver.resolve4(name).catch(() => [])
    const ipv6 = resolver.resolve6(name).catch(() => [])
    const both = Promise.all([ipv4, ipv6]).then((lists) => lists.flat())
    const first = await Promise.race([ipv4, ipv6])
    if (first.length === 0) return both
    // Name servers that answer one family and swallow the other are common; the first answer must not starve.
    return withFallback(both, first, otherFamilyWaitMs)
  }
}

function withFallback<T>(promise: Promise<T>, fallback: T, waitMs: number): Promise<T> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs, fallback)
    void promise.then((value) => {
      clearTimeout(timer)
      resolve(value)
    })
  })
}
