import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { WORKSPACE_SCOPES } from '../../../src/domain/scopes.ts'
import type { Operation } from '../../support/openapi.ts'
import { startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
/** Something of every kind that belongs to the first workspace, by the noun of its path. */
let objects: Record<string, string>
let stranger: string

beforeAll(async () => {
  api = await startTestApi()
  stranger = (await api.createTenant()).key
  objects = await createObjects()
})
afterAll(() => api[Symbol.asyncDispose]())

async function createObjects(): Promise<Record<string, string>> {
  const webhook = await api.call('POST', '/api/v1/webhooks', {
    body: { url: 'http://127.0.0.1:9/', events: ['*'] },
  })
  const event = await api.call('POST', '/api/v1/events', { body: { type: 'task.created', data: {} } })
  const shown = await api.call('GET', `/api/v1/events/${String(event.body['id'])}`)
  const [delivery] = shown.body['deliveries'] as { id: string }[]
  const keys = await api.call('GET', '/api/v1/api-keys')
  const [key] = keys.body['data'] as { id: string }[]
  const [alert] = await api.database.sql.query<{ id: string }>(
    `insert into alert (id, workspace_id, webhook_id, kind) values (gen_random_uuid(), $1, $2, 'exhausted') returning id`,
    [api.workspaceId, webhook.body['id']],
  )
  return {
    webhooks: String(webhook.body['id']),
    events: String(event.body['id']),
    deliveries: delivery?.id ?? '',
    'api-keys': key?.id ?? '',
    alerts: alert?.id ?? '',
    workspaces: api.workspaceId,
  }
}

/** Everything of the first workspace, as text, to see that nothing has changed. */
async function snapshot(): Promise<string> {
  const tables = ['webhook', 'webhook_delivery', 'event', 'api_key', 'alert']
  const texts = await Promise.all(
    tables.map((table) =>
      api.database.sql.query(
        `select (to_jsonb(t) - 'last_used_at')::text as text from ${table} t where workspace_id = $1 order by id`,
        [api.workspaceId],
      ),
    ),
  )
  return JSON.stringify(texts)
}

/** A body that would be accepted of whoever may do it. */
const BODIES: Record<string, unknown> = {
  updateWebhook: { description: 'taken over' },
  rotateWebhookSecret: {},
  testWebhook: {},
  retryDelivery: {},
  updateWorkspace: { name: 'taken over' },
}

describe('with a key of another workspace', () => {
  it('nothing of a workspace can be read or changed, on any route of the description', async () => {
    const before = await snapshot()
    const withId = api.document.operations.filter(({ template }) => template.includes('{id}'))
    expect(withId.length).toBeGreaterThan(15)
    for (const operation of withId) {
      const noun = operation.template.split('/')[3] ?? ''
      const id = objects[noun]
      expect(id, `an object for ${operation.template}`).toBeTruthy()
      const answer = await api.call(operation.method, operation.template.replace('{id}', id ?? ''), {
        key: stranger,
        ...(operation.body === null ? {} : { body: BODIES[operation.operationId] ?? {} }),
      })
      expect([403, 404], `${operation.method} ${operation.template}`).toContain(answer.status)
    }
    expect(await snapshot()).toBe(before)
  })

  it('lists show nothing of it, nor do filters by its ids', async () => {
    const lists = api.document.operations.filter(
      ({ method, template, scope }) =>
        method === 'GET' && !template.includes('{') && scope !== null && scope !== 'workspace:write',
    )
    for (const { template } of lists) {
      const answer = await api.call('GET', template, { key: stranger })
      expect(answer.status, template).toBe(200)
      for (const id of Object.values(objects)) expect(answer.text, template).not.toContain(id)
    }
    const filtered = await api.call('GET', `/api/v1/deliveries?webhookId=${objects['webhooks'] ?? ''}`, {
      key: stranger,
    })
    expect(filtered.body['data']).toEqual([])
  })

  it('a cursor of another workspace opens nothing', async () => {
    await api.call('POST', '/api/v1/events', { body: { type: 'task.created', data: {} } })
    const first = await api.call('GET', '/api/v1/events?limit=1')
    const next = await api.call('GET', `/api/v1/events?cursor=${String(first.body['nextCursor'])}`, {
      key: stranger,
    })
    expect(next.body).toEqual({ data: [], nextCursor: null })
  })

  it('events reach only its own webhooks', async () => {
    const answer = await api.call('POST', '/api/v1/events', {
      key: stranger,
      body: { type: 'task.created', data: {} },
    })
    expect(answer.body['deliveries']).toBe(0)
  })
})

describe('every route of the description', () => {
  it('refuses a caller without a key, and one whose key lacks the scope, before anything else', async () => {
    for (const operation of api.document.operations) {
      if (operation.scope === null) continue
      const path = operation.template.replace('{id}', objects['webhooks'] ?? '')
      const without = await api.call(operation.method, path, { key: null })
      expect(without.status, `${operation.method} ${path}`).toBe(401)
      const key = await keyWithout(operation)
      const lacking = await api.call(operation.method, path, {
        key,
        ...(operation.method === 'GET' ? {} : { raw: '{' }),
      })
      expect(lacking.status, `${operation.method} ${path}`).toBe(403)
      expect(lacking.body['detail']).toContain(operation.scope)
    }
  })

  it('says which scope it needs', () => {
    const open = api.document.operations
      .filter(({ scope }) => scope === null)
      .map(({ operationId }) => operationId)
    expect(open.sort()).toEqual([
      'getHealth',
      'getMetrics',
      'getReadiness',
      'getSession',
      'signIn',
      'signOut',
    ])
  })
})

function keyWithout({ scope }: Operation): Promise<string> {
  return api.createKey(WORKSPACE_SCOPES.filter((other) => other !== scope))
}
