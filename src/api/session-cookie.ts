import type { IncomingHttpHeaders } from 'node:http'

import { DomainError } from '../domain/errors.ts'

export const CSRF_HEADER = 'x-postrider-csrf'

const MUTATIONS = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** The cookie of the settings page. With https its name binds it to this very origin (`__Host-`, RFC 6265bis §4.1.3.2). */
export interface SessionCookie {
  read(headers: IncomingHttpHeaders): string | null
  /** The value of Set-Cookie that begins a session, which ends at `expiresAt` at the latest. */
  begin(token: string, expiresAt: Date): string
  end(): string
}

export function createSessionCookie(publicUrl: string): SessionCookie {
  const isSecure = publicUrl.startsWith('https:')
  const name = isSecure ? '__Host-postrider_session' : 'postrider_session'
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  return {
    read(headers) {
      for (const pair of (headers.cookie ?? '').split(';')) {
        const [key, value] = pair.trim().split('=', 2)
        if (key === name && value !== undefined && /^[\w-]{1,128}$/.test(value)) return value
      }
      return null
    },
    begin: (token, expiresAt) => `${name}=${token}; ${attributes}; Expires=${expiresAt.toUTCString()}`,
    end: () => `${name}=; ${attributes}; Max-Age=0`,
  }
}

/**
 * A cookie is sent by the browser whoever asked for the request, so a change must prove that it comes from our own page:
 * a header that no foreign page can set, and an origin that the browser vouches for. Throws `missing_scope` (403).
 */
export function refuseForeignSite(method: string, headers: IncomingHttpHeaders, publicUrl: string): void {
  if (!MUTATIONS.has(method)) return
  const { origin } = headers
  const site = headers['sec-fetch-site']
  const isOwn = origin === undefined ? site === 'same-origin' : origin === publicUrl
  if (isOwn && headers[CSRF_HEADER] !== undefined && (site === undefined || site === 'same-origin')) return
  throw new DomainError(
    'missing_scope',
    `A signed-in browser can change things only from this service’s own page: ${CSRF_HEADER} and a matching Origin are needed. PUBLIC_URL names the origin.`,
  )
}
