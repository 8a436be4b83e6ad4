import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Client as Postgres } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { findFreePort } from '../../src/local/ports.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import {
  createPublishedDelivery,
  eventually,
  publishAgain,
  publishTo,
} from '../support/published-delivery.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/** Texts that must stay where they belong; the service is made to handle each in good ways and in bad ones. */
const canaries: Record<string, string> = {
  'webhook secret': randomBytes(24).toString('base64url'),
  'rotated secret': randomBytes(24).toString('base64url'),
  'header value': `header-value-${randomBytes(12).toString('hex')}`,
  payload: `payload-marker-${randomBytes(12).toString('hex')}`,
  'token in the URL': `url-token-${randomBytes(12).toString('hex')}`,
  'mail password': `mail-password-${randomBytes(12).toString('hex')}`,
  'master key': randomBytes(32).toString('base64'),
}
const canary = (name: string): string => canaries[name] ?? ''

const TYPE = 'task.created'
const data = { note: canary('payload') }

let service: TestService
let database: TestDatabase
let proxy: TcpProxy
let receiver: Server
let receiverUrl: string
let webhookId: string
let deliveryId: string

/** Sends the headers that it got back, as debugging endpoints do; fails the first time. */
function startEcho(): Server {
  let count = 0
  return createServer((request, response) => {
    request.resume()
    count += 1
    response.writeHead(count % 2 === 1 ? 500 : 200, { 'x-request-id': String(request.headers['x-own']) })
    response.end(JSON.stringify(request.headers))
  })
}

async function breakThings(): Promise<void> {
  const tampered = `${service.key.slice(0, -1)}${service.key.endsWith('a') ? 'b' : 'a'}`
  const wrongKey = { authorization: `Bearer ${tampered}` }
  expect((await service.request('GET', '/webhooks', undefined, wrongKey)).status).toBe(401)
  const malformed = `{"type":"${TYPE}","data":{"note":"${canary('payload')}"`
  expect((await service.post('/events', malformed)).status).toBe(400)
  expect((await service.post('/events', { type: TYPE, data, extra: canary('payload') })).status).toBe(422)
  const unreachable = `http://127.0.0.1:${await findFreePort('127.0.0.1')}/${canary('token in the URL')}`
  const lost = await publishTo(service, 'task.deleted', { url: unreachable, schedule: ['1s'] })
  expect((await lost.becomes('failed')).lastFailure).toBe('connect')
  // The alert of that one is due, and the mail server does not answer: its address, with password, is in the error.
  await eventually(() => service.log.join('').includes('could not be mailed'), true)

  proxy.set('reset')
  const secret = canary('webhook secret')
  const members = {
    url: `${receiverUrl}?second`,
    events: [TYPE],
    secret,
    headers: { 'x-own': canary('header value') },
  }
  expect((await service.post('/webhooks', members)).status).toBe(503)
  expect((await service.post('/events', { type: TYPE, data })).status).toBe(503)
  proxy.set('pass')
  await eventually(async () => (await service.get('/webhooks')).status, 200)
}

async function signIn(): Promise<void> {
  const link = await service.post<{ url: string }>('/portal-sessions', {
    permissions: ['webhook:read'],
    ttlSeconds: 60,
    actor: 'ada@example.com',
  })
  const code = link.body.url.split('#code=')[1] ?? ''
  const page = {
    authorization: '',
    origin: service.url,
    'x-postrider-csrf': '1',
    'sec-fetch-site': 'same-origin',
  }
  const session = await service.post('/session', { code }, page)
  const cookie = /postrider_session=([^;]+)/.exec(session.headers.get('set-cookie') ?? '')?.[1] ?? ''
  expect([code.length, cookie.length]).toEqual([43, 43])
  Object.assign(canaries, { 'sign-in code': code, 'session token': cookie })
}

beforeAll(async () => {
  receiver = startEcho()
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const { port } = receiver.address() as AddressInfo
  receiverUrl = `http://127.0.0.1:${port}/hook?token=${canary('token in the URL')}`
  database = await createTestDatabase()
  const url = new URL(database.url)
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.port)
  service = await startTestService({
    databaseUrl: url.href,
    env: {
      LOG_LEVEL: 'debug',
      POSTRIDER_MASTER_KEYS: `canary:${canary('master key')}`,
      SMTP_URL: `smtp://postrider:${canary('mail password')}@127.0.0.1:${await findFreePort('127.0.0.1')}`,
      ALERT_EMAIL_TO: 'operators@example.com',
    },
  })
  Object.assign(canaries, { 'database password': url.password, 'API key': service.key })

  const kept = { 'idempotency-key': 'a-kept-answer' }
  const webhook = { secret: canary('webhook secret'), headers: { 'x-own': canary('header value') } }
  const members = { url: receiverUrl, events: [TYPE], schedule: ['1s', '1h'], ...webhook }
  const created = await service.post<{ id: string }>('/webhooks', members, kept)
  expect(created.status).toBe(201)
  expect((await service.post('/webhooks', members, kept)).headers.get('idempotency-replayed')).toBe('true')
  webhookId = created.body.id
  const { deliveries } = await service.publish({ type: TYPE, data, idempotencyKey: 'a-kept-event' })
  deliveryId = deliveries[0]?.id ?? ''
  await createPublishedDelivery(service, webhookId, deliveryId).becomes('succeeded')
  const rotation = { secret: canary('rotated secret') }
  expect((await service.post(`/webhooks/${webhookId}/rotate-secret`, rotation)).status).toBe(200)
  expect((await service.get(`/webhooks/${webhookId}/secret`)).body['secret']).toBe(canary('rotated secret'))
  await (await publishAgain(service, TYPE, webhookId)).becomes('succeeded')
  await service.post(`/webhooks/${webhookId}/test`, {})
  const made = await service.post<{ key: string }>('/api-keys', { name: 'second', scopes: ['event:write'] })
  Object.assign(canaries, { 'second API key': made.body.key })
  await signIn()
  await breakThings()
})

afterAll(async () => {
  await service.stop()
  await database.drop()
  await proxy.close()
  receiver.closeAllConnections()
  receiver.close()
})

/** Which canaries a text holds, as they are or in the spellings in which one meets bytes. */
function found(text: string, allowed: readonly string[] = []): string[] {
  return Object.entries(canaries).flatMap(([name, value]) => {
    // A key's last part is its secret; what stands before it names the key.
    const secret = value.startsWith('whk_live_') ? (value.split('_').at(-1) ?? '') : value
    const spellings = [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').replaceAll('=', ''),
    ]
    spellings.push(Buffer.from(secret).toString('hex'))
    return !allowed.includes(name) && spellings.some((one) => one !== '' && text.includes(one)) ? [name] : []
  })
}

/** All texts within a value, payloads' bytes too. */
function textIn(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, member]) => `${name}: ${textIn(member)}`)
    .join('\n')
}

describe('secrets are found nowhere', () => {
  test('in a text that is looked through for them, unless they are there', () => {
    expect(found(`x${canary('header value')}x`)).toEqual(['header value'])
    expect(found(textIn([{ bytes: Buffer.from(canary('payload')) }]))).toEqual(['payload'])
    expect(Object.values(canaries).filter((value) => value.length < 16)).toEqual([])
  })

  test('in the logs of the API and the worker, whatever went wrong', () => {
    const log = service.log.join('')
    expect(log.length).toBeGreaterThan(1_000)
    expect(found(log)).toEqual([])
  })

  test('in the histories of the workflows, nor do these know where anything is sent', async () => {
    let events = 0
    for await (const { workflowId, runId } of service.client.workflow.list()) {
      const history = await service.client.workflow.getHandle(workflowId, runId).fetchHistory()
      const text = textIn(history)
      events += history.events?.length ?? 0
      expect(text).toContain(workflowId)
      expect(found(text)).toEqual([])
      expect(text).not.toContain(new URL(receiverUrl).host)
    }
    expect(events).toBeGreaterThan(20)
  })

  test('in the metrics', async () => {
    const text = await (await fetch(`${service.url}/metrics`)).text()
    expect(text).toContain('# TYPE')
    expect(found(text)).toEqual([])
  })

  test('in what the API answers, but payloads in events and URLs in webhooks', async () => {
    const [event] = (await service.get<{ data: { id: string }[] }>('/events')).body.data
    const paths = [
      ['/webhooks', 'token in the URL'],
      [`/webhooks/${webhookId}`, 'token in the URL'],
      [`/webhooks/${webhookId}/stats`],
      ['/deliveries?limit=100'],
      [`/deliveries/${deliveryId}`],
      ['/events', 'payload'],
      [`/events/${event?.id ?? ''}`, 'payload'],
      ['/alerts'],
      ['/api-keys'],
      ['/audit-log'],
      ['/workspace'],
      ['/workspaces'],
      ['/event-types'],
    ]
    for (const [path = '', ...allowed] of paths) {
      const answer = await service.get(path)
      expect(answer.status, path).toBe(200)
      expect(found(JSON.stringify(answer.body), allowed), path).toEqual([])
    }
  })

  test('in the database, but payloads in events and URLs in webhooks', async () => {
    const postgres = new Postgres({ connectionString: database.url })
    await postgres.connect()
    const allowed: Record<string, string[]> = { event: ['payload'], webhook: ['token in the URL'] }
    const tables = await postgres.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition`,
    )
    let rowCount = 0
    for (const { name } of tables.rows) {
      const { rows } = await postgres.query<{ text: string }>(`select t::text as text from "${name}" t`)
      rowCount += rows.length
      expect(found(rows.map(({ text }) => text).join('\n'), allowed[name]), name).toEqual([])
    }
    await postgres.end()
    expect(tables.rows.length).toBeGreaterThan(10)
    expect(rowCount).toBeGreaterThan(20)
  })
})
