import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startTestApi, type Answer, type TestApi } from '../../support/api.ts'

const ORIGIN = 'http://postrider.test'
const OWN_PAGE = { origin: ORIGIN, 'x-postrider-csrf': '1', 'sec-fetch-site': 'same-origin' }

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

async function createLink(
  changes: Record<string, unknown> = {},
  on = api,
): Promise<{ answer: Answer; code: string }> {
  const body = {
    permissions: ['webhook:read', 'webhook:write'],
    ttlSeconds: 60,
    actor: 'ada@example.com',
    ...changes,
  }
  const answer = await on.call('POST', '/api/v1/portal-sessions', { body })
  return { answer, code: String(answer.body['url']).split('#code=')[1] ?? '' }
}

function signIn(
  body: Record<string, unknown>,
  headers: Record<string, string> = OWN_PAGE,
  on = api,
): Promise<Answer> {
  return on.call('POST', '/api/v1/session', { key: null, body, headers })
}

function cookieOf(answer: Answer): string {
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

function asBrowser(cookie: string, headers: Record<string, string> = OWN_PAGE) {
  return { key: null, headers: { cookie, ...headers } }
}

describe('a sign-in link', () => {
  it('carries its code in the fragment, and opens one session', async () => {
    const { answer, code } = await createLink()
    expect(answer.status).toBe(201)
    expect(answer.body['url']).toMatch(/^http:\/\/postrider\.test\/settings\/webhooks#code=[\w-]{43}$/)
    const opened = await signIn({ code })
    expect(opened.body).toEqual({
      actor: 'ada@example.com',
      scopes: ['webhook:read', 'webhook:write'],
      workspace: { id: api.workspaceId, name: 'default' },
    })
    expect(opened.headers.get('set-cookie')).toMatch(
      /^postrider_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Expires=/,
    )
    expect((await signIn({ code })).status).toBe(401)
  })

  it('can give only what the key may', async () => {
    const key = await api.createKey(['key:write', 'webhook:read'])
    const body = { permissions: ['webhook:read', 'alert:write'], ttlSeconds: 60, actor: 'ada' }
    const answer = await api.call('POST', '/api/v1/portal-sessions', { key, body })
    expect(answer.status).toBe(403)
    expect(answer.body['errors']).toMatchObject([{ pointer: '/permissions/1' }])
  })

  it('is over when its time is', async () => {
    const { answer, code } = await createLink()
    await api.database.sql.query('update portal_session set code_expires_at = now() where id = $1', [
      answer.body['id'],
    ])
    expect((await signIn({ code })).status).toBe(401)
  })

  it('is bound to https and to this host when the page is', async () => {
    await using secure = await startTestApi({ publicUrl: 'https://hooks.example.com' })
    const { code } = await createLink({}, secure)
    const opened = await signIn({ code }, { ...OWN_PAGE, origin: 'https://hooks.example.com' }, secure)
    expect(opened.headers.get('set-cookie')).toMatch(/^__Host-postrider_session=.*; Secure/)
    expect(opened.headers.get('strict-transport-security')).toContain('max-age')
  })

  it('takes a code or a key, not both and not neither', async () => {
    expect((await signIn({ code: 'a', apiKey: 'b' })).status).toBe(422)
    expect((await signIn({})).status).toBe(422)
  })
})

describe('a session', () => {
  it('may do what its permissions say, under its own name', async () => {
    const cookie = cookieOf(await signIn({ code: (await createLink()).code }))
    expect((await api.call('GET', '/api/v1/webhooks', asBrowser(cookie))).status).toBe(200)
    const made = await api.call('POST', '/api/v1/webhooks', {
      ...asBrowser(cookie),
      body: { url: 'http://127.0.0.1:9/', events: ['*'] },
    })
    expect(made.status).toBe(201)
    expect((await api.call('GET', '/api/v1/api-keys', asBrowser(cookie))).status).toBe(403)
    const log = await api.call('GET', '/api/v1/audit-log?limit=1')
    expect(log.body['data']).toMatchObject([{ action: 'webhook.created', actor: 'ada@example.com' }])
  })

  it.each([
    ['another site', { origin: 'https://evil.example', 'x-postrider-csrf': '1' }],
    ['no origin at all', { 'x-postrider-csrf': '1' }],
    ['its own origin without the header', { origin: ORIGIN }],
    ['a cross-site fetch', { origin: ORIGIN, 'x-postrider-csrf': '1', 'sec-fetch-site': 'cross-site' }],
    ['a sibling site', { 'x-postrider-csrf': '1', 'sec-fetch-site': 'same-site' }],
    ['an opaque origin', { origin: 'null', 'x-postrider-csrf': '1' }],
  ])('changes nothing for %s', async (_name, headers) => {
    const cookie = cookieOf(await signIn({ code: (await createLink()).code }))
    const body = { url: 'http://127.0.0.1:9/', events: ['*'] }
    const answer = await api.call('POST', '/api/v1/webhooks', { ...asBrowser(cookie, headers), body })
    expect(answer.status).toBe(403)
    expect((await signIn({ code: 'any' }, headers)).status).toBe(403)
    expect((await api.call('DELETE', '/api/v1/session', asBrowser(cookie, headers))).status).toBe(403)
  })

  it('ends everywhere when it is signed out', async () => {
    await using other = await api.another()
    const cookie = cookieOf(await signIn({ code: (await createLink()).code }))
    for (const one of [api, other])
      expect((await one.call('GET', '/api/v1/session', asBrowser(cookie))).status).toBe(200)
    const out = await api.call('DELETE', '/api/v1/session', asBrowser(cookie))
    expect(out.status).toBe(204)
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0')
    for (const one of [api, other])
      expect((await one.call('GET', '/api/v1/session', asBrowser(cookie))).status).toBe(401)
  })

  it('ends after half an hour without use, and after eight hours at most', async () => {
    for (const change of [`last_seen_at = now() - interval '31 minutes'`, 'expires_at = now()']) {
      const { answer, code } = await createLink()
      const cookie = cookieOf(await signIn({ code }))
      await api.database.sql.query(`update portal_session set ${change} where id = $1`, [answer.body['id']])
      await expect
        .poll(async () => (await api.call('GET', '/api/v1/session', asBrowser(cookie))).status)
        .toBe(401)
    }
    const [row] = await api.database.sql.query<{ hours: number }>(
      `select max(extract(epoch from expires_at - created_at) / 3600)::float8 as hours from portal_session`,
    )
    expect(row?.hours).toBeLessThanOrEqual(8.01)
  })

  it('opened with a key ends with the key', async () => {
    const made = await api.call('POST', '/api/v1/api-keys', {
      body: { name: 'page', scopes: ['webhook:read'] },
    })
    const opened = await signIn({ apiKey: made.body['key'] })
    expect(opened.body).toMatchObject({ actor: 'page', scopes: ['webhook:read'] })
    const cookie = cookieOf(opened)
    expect((await api.call('GET', '/api/v1/webhooks', asBrowser(cookie))).status).toBe(200)
    await api.call('DELETE', `/api/v1/api-keys/${String(made.body['id'])}`)
    expect((await api.call('GET', '/api/v1/webhooks', asBrowser(cookie))).status).toBe(401)
  })

  it('is stored as a hash, and no code or token is logged', async () => {
    const { code } = await createLink()
    const cookie = cookieOf(await signIn({ code }))
    const token = cookie.split('=')[1] ?? 'none'
    const rows = await api.database.sql.query<{ text: string }>(
      'select p::text as text from portal_session p',
    )
    const stored = rows.map(({ text }) => text).join('\n')
    expect(stored).not.toContain(token)
    expect(api.log()).not.toContain(token)
    expect(api.log()).not.toContain(code)
  })

  it('cannot be guessed at more than ten times a minute', async () => {
    await using fresh = await startTestApi()
    const statuses: number[] = []
    for (let tries = 0; tries < 12; tries += 1)
      statuses.push((await signIn({ code: `guess-${tries}` }, OWN_PAGE, fresh)).status)
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429])
  })
})
