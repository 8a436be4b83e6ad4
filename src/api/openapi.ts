import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'

import type { App } from './app-type.ts'

const DESCRIPTION = `Publish events; Postrider delivers them to webhooks, signed, retried on a schedule, every attempt on record.

Every error is a problem document (RFC 9457). Lists are newest first and answer \`nextCursor\`. Every POST takes an
\`Idempotency-Key\`: for 24 hours the same key and body get the first answer again.`

/** Describes every route that is added after this, at /openapi.json and, to browse and try, at /docs. */
export async function addOpenApi(app: App, { version }: { version: string }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Postrider',
        version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: TAGS.map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `whk_live_…`.' },
        },
      },
    },
    hideUntagged: true,
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => nameOf(json, index) },
  })
  app.addHook('onRoute', (route) => {
    const { schema, config } = route
    if (schema === undefined || schema.hide === true) return
    const scope = config?.scope
    if (scope === undefined) return void (schema.security = [])
    schema.security = [{ apiKey: [] }]
    if (scope === 'any') return
    schema.description = `${schema.description === undefined ? '' : `${schema.description}\n\n`}Scope: \`${scope}\`.`
    Object.assign(schema, { 'x-required-scope': scope })
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    uiConfig: { deepLinking: true, persistAuthorization: false, validatorUrl: null },
    theme: { title: 'Postrider API' },
  })
}

const TAGS: readonly [string, string][] = [
  ['Webhooks', 'Subscriptions: where events go.'],
  ['Event types', 'The catalogue of what can be published.'],
  ['Events', 'What happened, published once.'],
  ['Deliveries', 'One event on its way to one webhook.'],
  ['Alerts', 'What administrators must know.'],
  ['API keys', 'Who may do what.'],
  ['Workspace', 'One’s own.'],
  ['Workspaces (operators)', 'All tenants; operator keys only.'],
  ['Audit log', 'Who changed what, when.'],
  ['Settings page', 'Links and sessions of the page.'],
  ['Service', 'For operators.'],
]

/** The browsable page is static: its scripts are files of its own. Its styles are partly inline. */
const DOCS_POLICY =
  "default-src 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"

function nameOf(json: { $id?: unknown }, index: number): string {
  return typeof json.$id === 'string' ? json.$id : `Model${index}`
}
