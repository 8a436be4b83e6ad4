import { randomBytes } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import fastifyStatic from '@fastify/static'

import type { App } from './app-type.ts'

const PAGE_PATH = '/settings/webhooks'
const NONCE_BYTES = 16
/** Where the built page wants the nonce of its style sheets. */
const NONCE_MARK = /__CSP_NONCE__/g

/** Serves the built settings page: its files as they are, and its document for every path that the page routes itself. */
export async function addSettingsPage(app: App, directory: string): Promise<void> {
  const isBuilt = await access(join(directory, 'index.html')).then(
    () => true,
    () => false,
  )
  if (!isBuilt) {
    app.get(PAGE_PATH, { schema: { hide: true } }, (_request, reply) =>
      reply.type('text/html; charset=utf-8').send(NOT_BUILT),
    )
    return
  }
  await app.register(fastifyStatic, {
    root: join(directory, 'assets'),
    prefix: `${PAGE_PATH}/assets/`,
    decorateReply: false,
    index: false,
    // The build names its files by their content, so a changed file has another name.
    cacheControl: false,
    setHeaders: (response) => void response.header('cache-control', 'public, max-age=31536000, immutable'),
  })
  for (const url of [PAGE_PATH, `${PAGE_PATH}/*`])
    app.get(url, { schema: { hide: true } }, async (_request, reply) => {
      const nonce = randomBytes(NONCE_BYTES).toString('base64')
      const document = await readFile(join(directory, 'index.html'), 'utf8')
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', pagePolicy(nonce))
        .send(document.replace(NONCE_MARK, nonce))
    })
}

function pagePolicy(nonce: string): string {
  return [
    "default-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    // Positions and sizes are set on elements by script; that cannot fetch or run anything.
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Webhooks · Postrider</title></head>
<body>
<main>
<h1>Webhooks</h1>
<p>The settings page is not built here. <code>npm run build:ui</code> builds it; then restart.</p>
<p>The API is at <code>/api/v1</code>: <a href="/docs">browse it</a>, or read <a href="/openapi.json">its description</a>.</p>
</main>
</body>
</html>
`
