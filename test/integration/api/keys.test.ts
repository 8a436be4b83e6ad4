import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { SCOPES, WORKSPACE_SCOPES } from '../../../src/domain/scopes.ts'
import { createKeyText } from '../../../src/usecases/api-key-text.ts'
import { ensureBootstrapKey } from '../../../src/usecases/bootstrap-key.ts'
import { createCallers } from '../../../src/usecases/caller-lookup.ts'
import { createIdSource } from '../../../src/db/ids.ts'
import { startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

async function newKey(on: TestApi, body: Record<string, unknown>): Promise<{ id: string; key: string }> {
  const answer = await on.call('POST', '/api/v1/api-keys', { body })
  expect(answer.status).toBe(201)
  return answer.body as { id: string; key: string }
}

describe('a key', () => {
  it('is shown once, and stored as a hash only', async () => {
    const { id, key } = await newKey(api, { name: 'Deployment', scopes: ['event:write'] })
    expect(key).toMatch(/^whk_live_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}$/)
    const shown = await api.call('GET', `/api/v1/api-keys/${id}`)
    expect(shown.body).toMatchObject({
      id,
      name: 'Deployment',
      scopes: ['event:write'],
      expiresAt: null,
      lastUsedAt: null,
    })
    expect(shown.body).not.toHaveProperty('key')
    expect(key.startsWith(String(shown.body['prefix']))).toBe(true)
    const [row] = await api.database.sql.query<{ text: string }>(
      'select k::text as text from api_key k where id = $1',
      [id],
    )
    expect(row?.text).not.toContain(key.slice(-40))
  })

  it('can give only scopes that it has', async () => {
    const key = await api.createKey(['key:write', 'webhook:read'])
    const refused = await api.call('POST', '/api/v1/api-keys', {
      key,
      body: { name: 'more', scopes: ['webhook:read', 'webhook:secret'] },
    })
    expect(refused.status).toBe(403)
    expect(refused.body['errors']).toMatchObject([{ pointer: '/scopes/1' }])
    const given = await api.call('POST', '/api/v1/api-keys', {
      key,
      body: { name: 'less', scopes: ['webhook:read'] },
    })
    expect(given.status).toBe(201)
  })

  it('is told which scope it lacks', async () => {
    const key = await api.createKey(['event:write'])
    const answer = await api.call('GET', '/api/v1/webhooks', { key })
    expect(answer.status).toBe(403)
    expect(answer.body['detail']).toContain('webhook:read')
    expect(answer.headers.get('www-authenticate')).toContain('webhook:read')
  })

  it('is marked as used, at most once a minute', async () => {
    const { id, key } = await newKey(api, { name: 'used', scopes: ['webhook:read'] })
    await api.call('GET', '/api/v1/event-types', { key })
    await expect
      .poll(async () => (await api.call('GET', `/api/v1/api-keys/${id}`)).body['lastUsedAt'])
      .not.toBeNull()
    const first = (await api.call('GET', `/api/v1/api-keys/${id}`)).body['lastUsedAt']
    await using other = await api.another()
    await other.call('GET', '/api/v1/event-types', { key })
    expect((await api.call('GET', `/api/v1/api-keys/${id}`)).body['lastUsedAt']).toBe(first)
  })

  it('that has expired is refused, and one cannot be made so', async () => {
    const { id, key } = await newKey(api, {
      name: 'short',
      scopes: ['webhook:read'],
      expiresAt: '2999-01-01T00:00:00+02:00',
    })
    expect((await api.call('GET', '/api/v1/event-types', { key })).status).toBe(200)
    await api.database.sql.query(`update api_key set expires_at = now() where id = $1`, [id])
    await expect.poll(async () => (await api.call('GET', '/api/v1/event-types', { key })).status).toBe(401)
    const past = await api.call('POST', '/api/v1/api-keys', {
      body: { name: 'past', scopes: ['webhook:read'], expiresAt: '2001-01-01T00:00:00Z' },
    })
    expect(past.status).toBe(422)
  })

  it('that is revoked is refused by every process, from the moment it is answered', async () => {
    await using other = await api.another()
    const { id, key } = await newKey(api, { name: 'doomed', scopes: ['webhook:read', 'event:write'] })
    let isRevoked = false
    const statusesAfter: number[] = []
    let isOver = false
    const body = { type: 'task.created', data: {} }
    // Both processes know the key well when it is revoked: they are asked without a pause all the time.
    const asking = [api, other].map(async (one) => {
      while (!isOver) {
        const wasRevoked = isRevoked
        const { status } = await one.call('POST', '/api/v1/events', { key, body })
        if (wasRevoked) statusesAfter.push(status)
        else expect([202, 401, 429]).toContain(status)
      }
    })
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect((await api.call('DELETE', `/api/v1/api-keys/${id}`)).status).toBe(204)
    isRevoked = true
    await expect.poll(() => statusesAfter.length).toBeGreaterThan(5)
    isOver = true
    await Promise.all(asking)
    expect(new Set(statusesAfter)).not.toContain(202)
    expect((await api.call('DELETE', `/api/v1/api-keys/${id}`)).status).toBe(404)
    expect((await api.call('GET', `/api/v1/api-keys/${id}`)).status).toBe(404)
  })

  it('appears in the audit log, made and revoked', async () => {
    const { id } = await newKey(api, { name: 'logged', scopes: ['webhook:read'] })
    await api.call('DELETE', `/api/v1/api-keys/${id}`)
    const { body } = await api.call('GET', '/api/v1/audit-log?limit=2')
    expect(body['data']).toMatchObject([
      { action: 'api_key.revoked', objectId: id, actor: 'bootstrap' },
      { action: 'api_key.created', objectId: id, detail: { name: 'logged' } },
    ])
  })
})

describe('who has no key', () => {
  it.each([
    ['nothing', {}],
    ['Basic', { authorization: 'Basic dXNlcjpwYXNz' }],
    ['no token', { authorization: 'Bearer ' }],
    ['something else', { authorization: 'Bearer hello' }],
    ['two words', { authorization: 'Bearer whk_live_a_b c' }],
  ])('is refused: %s', async (_name, headers) => {
    await using fresh = await startTestApi()
    const answer = await fresh.call('GET', '/api/v1/webhooks', { key: null, headers })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
  })

  it('is refused with a changed secret, a changed checksum, and an unknown id', async () => {
    await using fresh = await startTestApi()
    const unknown = createKeyText(createIdSource().next())
    const right = fresh.key
    const wrongs = [
      unknown,
      `${right.slice(0, -1)}${right.endsWith('0') ? '1' : '0'}`,
      `${right.slice(0, 31)}_${unknown.slice(32)}`,
      right.toLowerCase(),
      `${right}0`,
      right.slice(0, -1),
    ]
    for (const key of wrongs) expect((await fresh.call('GET', '/api/v1/webhooks', { key })).status).toBe(401)
  })

  it('gets 429 after ten failures a minute, while right keys go on', async () => {
    await using fresh = await startTestApi()
    const statuses: number[] = []
    for (let tries = 0; tries < 12; tries += 1)
      statuses.push(
        (await fresh.call('GET', '/api/v1/webhooks', { key: createKeyText(fresh.workspaceId) })).status,
      )
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429])
    const answer = await fresh.call('GET', '/api/v1/webhooks', { key: 'nonsense' })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.headers.get('ratelimit-limit')).toBe('10')
    expect((await fresh.call('GET', '/api/v1/webhooks')).status).toBe(200)
  })
})

describe('the limit of requests', () => {
  it('is 100 a second per key, and tells where one stands', async () => {
    await using fresh = await startTestApi()
    const key = await fresh.createKey(['webhook:read', 'event:write'])
    const answers = await Promise.all(
      Array.from({ length: 130 }, () => fresh.call('GET', '/api/v1/event-types', { key })),
    )
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThan(0)
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(100)
    expect(refused[0]?.headers.get('retry-after')).toBe('1')
    expect(answers[0]?.headers.get('ratelimit-limit')).toBe('100')
    expect((await fresh.call('GET', '/api/v1/event-types')).status).toBe(200)
    const published = await Promise.all(
      Array.from({ length: 150 }, () =>
        fresh.call('POST', '/api/v1/events', { key, body: { type: 'task.created', data: {} } }),
      ),
    )
    expect(new Set(published.map(({ status }) => status))).toEqual(new Set([202]))
  })
})

describe('the bootstrap key', () => {
  it('is made once, for all scopes of the workspace "default"', async () => {
    const { body } = await api.call('GET', '/api/v1/session')
    expect(body).toMatchObject({
      actor: 'bootstrap',
      scopes: SCOPES,
      workspace: { id: api.workspaceId, name: 'default' },
    })
    const again = await Promise.all(
      Array.from({ length: 4 }, () => ensureBootstrapKey(api.database, createIdSource(), api.key)),
    )
    expect(new Set(again.map(({ workspaceId }) => workspaceId))).toEqual(new Set([api.workspaceId]))
  })

  it('that was revoked does not come back', async () => {
    await using fresh = await startTestApi()
    const key = await fresh.createKey(['key:write'])
    const { body } = await fresh.call('GET', '/api/v1/api-keys')
    const bootstrap = (body['data'] as { id: string; name: string }[]).find(
      ({ name }) => name === 'bootstrap',
    )
    expect((await fresh.call('DELETE', `/api/v1/api-keys/${String(bootstrap?.id)}`, { key })).status).toBe(
      204,
    )
    await ensureBootstrapKey(fresh.database, createIdSource(), fresh.key)
    expect((await fresh.call('GET', '/api/v1/webhooks')).status).toBe(401)
  })

  it('may be one that an operator made up, without our checksum', async () => {
    const made = 'whk_live_operator_0123456789abcdefghij'
    await ensureBootstrapKey(api.database, createIdSource(), made)
    await using fresh = await startTestApi({ callers: createCallers(api.database, { bootstrapKey: made }) })
    expect((await fresh.call('GET', '/api/v1/event-types', { key: made })).status).toBe(200)
    await using plain = await api.another()
    expect((await plain.call('GET', '/api/v1/event-types', { key: made })).status).toBe(401)
  })
})

describe('a workspace', () => {
  it('comes with a key for everything but what operators do', async () => {
    const made = await api.call('POST', '/api/v1/workspaces', {
      body: { name: 'Acme', alertEmails: ['ops@example.com'] },
    })
    expect(made.status).toBe(201)
    const key = String(made.body['key'])
    const session = await api.call('GET', '/api/v1/session', { key })
    expect(session.body).toMatchObject({ scopes: WORKSPACE_SCOPES, workspace: { name: 'Acme' } })
    expect((await api.call('GET', '/api/v1/workspaces', { key })).status).toBe(403)
    expect((await api.call('GET', '/api/v1/workspace', { key })).body).toMatchObject({
      name: 'Acme',
      alertEmails: ['ops@example.com'],
    })
  })

  it('is changed only as it was seen', async () => {
    const { id } = await api.createTenant()
    const path = `/api/v1/workspaces/${id}`
    const seen = await api.call('GET', path)
    const etag = String(seen.headers.get('etag'))
    const changed = await api.call('PATCH', path, {
      body: { name: 'Renamed' },
      headers: { 'if-match': etag },
    })
    expect([changed.status, changed.body['name']]).toEqual([200, 'Renamed'])
    expect(
      (await api.call('PATCH', path, { body: { name: 'Lost' }, headers: { 'if-match': etag } })).status,
    ).toBe(412)
    expect(
      (
        await api.call('PATCH', path, {
          body: { name: 'Won' },
          headers: { 'if-match': `"x", ${String(changed.headers.get('etag'))}` },
        })
      ).status,
    ).toBe(200)
    expect((await api.call('PATCH', path, { body: { alertEmails: ['a@b', 'x\r\nBcc: y@z'] } })).status).toBe(
      422,
    )
  })

  it('changes its own name and addresses', async () => {
    const { key } = await api.createTenant()
    const answer = await api.call('PATCH', '/api/v1/workspace', {
      key,
      body: { alertEmails: ['a@example.com', 'b@example.com'] },
    })
    expect(answer.body['alertEmails']).toEqual(['a@example.com', 'b@example.com'])
    const log = await api.call('GET', '/api/v1/audit-log', { key })
    expect(log.body['data']).toMatchObject([{ action: 'workspace.updated' }, { action: 'workspace.created' }])
  })

  it('is erased with all it holds', async () => {
    const { id, key } = await api.createTenant()
    const webhook = await api.call('POST', '/api/v1/webhooks', {
      key,
      body: { url: 'http://127.0.0.1:9/', events: ['*'] },
    })
    expect(webhook.status).toBe(201)
    const events = Array.from({ length: 30 }, () => ({ type: 'task.created', data: { a: 1 } }))
    expect((await api.call('POST', '/api/v1/events/batch', { key, body: { events } })).status).toBe(202)
    expect((await api.call('DELETE', `/api/v1/workspaces/${id}`)).status).toBe(204)
    // Failures before this one may have used up what this address is allowed.
    expect([401, 429]).toContain((await api.call('GET', '/api/v1/webhooks', { key })).status)
    for (const table of [
      'workspace where id',
      'api_key where workspace_id',
      'webhook where workspace_id',
      'event where workspace_id',
      'webhook_delivery where workspace_id',
      'audit_entry where workspace_id',
      'idempotency_key where workspace_id',
    ])
      expect(await api.database.sql.query(`select 1 from ${table} = $1`, [id]), table).toEqual([])
    expect((await api.call('DELETE', `/api/v1/workspaces/${id}`)).status).toBe(404)
    expect((await api.call('DELETE', `/api/v1/workspaces/${api.workspaceId}`)).status).toBe(409)
  })
})
