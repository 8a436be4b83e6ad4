import { connect, isIP, type Socket } from 'node:net'
import { createSecureContext, getCACertificates } from 'node:tls'
import { buildConnector } from 'undici'
import { startDeadline } from './deadline.ts'
import type { ResolveName } from './name-resolver.ts'
import { SendingFault } from './sending-fault.ts'
import type { Target } from './target.ts'
import { localhostAddresses, mayCallAddress, type AllowedTargets } from './target-url.ts'

/** Milliseconds of each phase; null for one that did not take place. */
export interface OpeningTimings {
  dnsMs: number | null
  connectMs: number | null
  tlsMs: number | null
}

export type OpeningFailure = 'dns' | 'connect' | 'tls' | 'blocked_target'

export type Opening =
  | { ok: true; socket: Socket; remoteAddress: string; timings: OpeningTimings }
  | {
      ok: false
      failure: OpeningFailure
      remoteAddress: string | null
      timings: OpeningTimings
    }

interface SocketOpenerOptions {
  allowed: AllowedTargets
  resolveName: ResolveName
  /** PEM certificates trusted beside the system's. */
  trustedCertificates: readonly string[]
}

/** Opens a connection to a target within `deadlineAt`, a time of `performance.now()`. */
export type OpenSocket = (target: Target, deadlineAt: number) => Promise<Opening>

type Secure = (socket: Socket, target: Target, deadlineAt: number) => Promise<Socket | null>

/** The longest that one of several addresses may hold up the next, in milliseconds. */
const LONGEST_ADDRESS_WAIT_MS = 1_000

/**
 * The only place that opens connections to strangers. An address is judged twice, before it is dialled and again
 * on the connected socket, and not a byte of TLS or HTTP is written before the second judgement.
 */
export function createSocketOpener(options: SocketOpenerOptions): OpenSocket {
  const { allowed, resolveName } = options
  const secure = createTlsHandshake(options.trustedCertificates)

  return async (target, deadlineAt) => {
    const timings: OpeningTimings = { dnsMs: null, connectMs: null, tlsMs: null }
    const fail = (failure: OpeningFailure, remoteAddress: string | null = null): Opening => ({
      ok: false,
      failure,
      remoteAddress,
      timings,
    })

    const dnsStartedAt = performance.now()
    const addresses = await findAddresses(target.host, allowed, resolveName, deadlineAt)
    if (isIP(target.host) === 0) timings.dnsMs = elapsedMs(dnsStartedAt)
    if (addresses.length === 0) return fail('dns')
    const isTrustedName = allowed.hosts.has(target.host)
    const mayCall = (address: string) =>
      isIP(address) !== 0 && (isTrustedName || mayCallAddress(address, allowed))
    if (!addresses.every(mayCall)) return fail('blocked_target')

    const connectStartedAt = performance.now()
    const socket = await connectTcp(addresses, target, deadlineAt)
    timings.connectMs = elapsedMs(connectStartedAt)
    if (socket === null) return fail('connect', addresses[0])
    const remoteAddress = socket.remoteAddress
    if (remoteAddress === undefined || !mayCall(remoteAddress)) {
      socket.destroy()
      return remoteAddress === undefined ? fail('connect', addresses[0]) : fail('blocked_target')
    }
    if (!target.isSecure) return { ok: true, socket, remoteAddress, timings }

    const tlsStartedAt = performance.now()
    const secureSocket = await secure(socket, target, deadlineAt)
    timings.tlsMs = elapsedMs(tlsStartedAt)
    return secureSocket === null
      ? fail('tls', remoteAddress)
      : { ok: true, socket: secureSocket, remoteAddress, timings }
  }
}

/** Milliseconds since `startedAt`, a time of `performance.now()`, rounded. */
function elapsedMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt)
}

async function findAddresses(
  host: string,
  allowed: AllowedTargets,
  resolveName: ResolveName,
  deadlineAt: number,
): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  if (host === 'localhost') return localhostAddresses(allowed)
  const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<readonly string[]>()
  const cancelDeadline = startDeadline(deadlineAt, () => giveUp([]))
  try {
    return await Promise.race([resolveName(host).catch(() => []), tooLate])
  } finally {
    cancelDeadline()
  }
}

/** Tries the addresses in turn, families alternating (RFC 8305), until one connects; null when none does in time. */
function connectTcp(
  addresses: readonly string[],
  target: Target,
  deadlineAt: number,
): Promise<Socket | null> {
  const budgetMs = deadlineAt - performance.now()
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  const socket = connect({
    host: target.host,
    port: target.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(
      10,
      Math.min(LONGEST_ADDRESS_WAIT_MS, Math.floor(budgetMs / (found.length + 1))),
    ),
    // The list is never empty here: Node crashes on an empty answer.
    lookup: (_host, lookupOptions, callback) => {
      const [first] = found
      if (lookupOptions.all === true || first === undefined) callback(null, found)
      else callback(null, first.address, first.family)
    },
  })
  return new Promise((resolve, reject) => {
    const cancelDeadline = startDeadline(deadlineAt, () => {
      socket.destroy()
      resolve(null)
    })
    socket.once('connect', () => {
      cancelDeadline()
      resolve(socket)
    })
    // Stays for good: an error on a socket nobody listens to would end the process.
    socket.on('error', (error) => {
      cancelDeadline()
      if (isOutOfResources(error)) reject(new SendingFault('out_of_resources', error))
      else resolve(null)
    })
  })
}

function createTlsHandshake(trustedCertificates: readonly string[]): Secure {
  const secureContext = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(trustedCertificates.length > 0 ? { ca: [...getCACertificates(), ...trustedCertificates] } : {}),
  })
  const connector = buildConnector({
    secureContext,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    allowH2: false,
    // Every connection proves its name anew: on a resumed session Node does not check it.
    maxCachedSessions: 0,
    // Our own deadline destroys the socket.
    timeout: 0,
  })
  return (httpSocket, target, deadlineAt) =>
    new Promise((resolve) => {
      const cancelDeadline = startDeadline(deadlineAt, () => {
        httpSocket.destroy()
        resolve(null)
      })
      const { host, port } = target
      connector(
        { protocol: 'https:', hostname: host, host, port: String(port), httpSocket },
        (error, socket) => {
          cancelDeadline()
          if (error !== null) httpSocket.destroy()
          resolve(error === null ? socket : null)
        },
      )
    })
}

/** Too many open files, no buffers, no free port: nothing that an endpoint could do. */
function isOutOfResources(error: Error): boolean {
  if (error instanceof AggregateError)
    return error.errors.some((one) => one instanceof Error && isOutOfResources(one))
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRNOTAVAIL') return 'address' in error && isIP(String(error.address)) === 4
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOBUFS' || code === 'ENOMEM'
}
