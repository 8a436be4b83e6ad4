import type { App } from './app-type.ts'

const YEAR_SECONDS = 31_536_000

/**
 * What a browser may do with an answer of the API: nothing. Pages set a policy of their own. Only headers that mean
 * something for JSON are here, since every answer carries them.
 */
export function addSecurityHeaders(app: App, publicUrl: string): void {
  const headers: Record<string, string> = {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
  }
  // Only where it is true: a browser that was told once would refuse a plain-http installation.
  if (publicUrl.startsWith('https:')) headers['strict-transport-security'] = `max-age=${YEAR_SECONDS}`
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}
