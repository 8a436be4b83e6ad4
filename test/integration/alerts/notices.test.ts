import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { createMailer, type SendMail } from '../../../src/alerts/mailer.ts'
import {
  type NoticeFacts,
  type NoticesDeps,
  sendDueNotices,
  startNotices,
} from '../../../src/alerts/notices.ts'
import { type AlertNote, closeAlerts, openAlert, openAlerts } from '../../../src/db/alerts.ts'
import type { AlertKind } from '../../../src/domain/delivery.ts'
import { type MailReceiver, startMailReceiver } from '../../support/mail-receiver.ts'
import { type CallApi, createWebhookApi, type WebhookApi } from '../../support/webhook-api.ts'

interface AlertBody {
  id: string
  webhookId: string
  kind: string
  state: string
  count: number
  emailedAt: string | null
  acknowledgedAt: string | null
  closedAt: string | null
  lastFailure: string | null
}

let api: WebhookApi
let call: CallApi
let workspaceId: string
let server: MailReceiver

beforeAll(async () => {
  api = await createWebhookApi()
  server = await startMailReceiver()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await api.database.sql.query('delete from alert')
  server.mails.length = 0
  server.refuseWith(null)
  ;({ call, workspaceId } = await api.createWorkspace())
  await api.database.sql.query(
    `update workspace set alert_emails = '{ops@acme.com,on-call@acme.com}' where id = $1`,
    [workspaceId],
  )
})

interface Told {
  alerts: (NoticeFacts & { isMailed: boolean })[]
  faults: string[]
}

function notices(change: Partial<NoticesDeps> = {}): { deps: NoticesDeps; told: Told } {
  const told: Told = { alerts: [], faults: [] }
  const deps: NoticesDeps = {
    sql: api.database.sql,
    sendMail: createMailer({ smtpUrl: server.url, from: 'Postrider <postrider@acme.com>' }),
    defaultRecipients: [],
    publicUrl: 'https://postrider.acme.com',
    requestTimeoutMs: 20_000,
    log: {
      alert: (facts, isMailed) => told.alerts.push({ ...facts, isMailed }),
      fault: (message) => told.faults.push(message),
    },
    ...change,
  }
  return { deps, told }
}

async function createWebhook(
  url = 'https://hooks.acme.com:8443/in/path-token?key=query-token',
): Promise<string> {
  const { body, status, text } = await call<{ id: string }>('POST', '/webhooks', {
    url,
    events: ['*'],
    secret: 'the-secret-of-it',
  })
  expect(status, text).toBe(201)
  return body.id
}

function note(webhookId: string, kind: AlertKind, change: Partial<AlertNote> = {}): AlertNote {
  return {
    id: api.ids.next(),
    workspaceId,
    webhookId,
    kind,
    deliveryId: api.ids.next(),
    eventType: 'task.created',
    lastFailure: 'timeout',
    lastStatusCode: null,
    ...change,
  }
}

async function listed(query = ''): Promise<AlertBody[]> {
  const { status, body, text } = await call<{ data: AlertBody[] }>('GET', `/alerts${query}`)
  expect(status, text).toBe(200)
  return body.data
}

/** As if the time of every postponed notice had come. */
async function makeDue(): Promise<void> {
  await api.database.sql.query(
    `update alert set open_notice_due_at = case when open_notice_due_at is not null then now() end,
       close_notice_due_at = case when close_notice_due_at is not null then now() end`,
  )
}

describe('rule 10: alerts', () => {
  test('500 exhausted deliveries, in whatever order they come, are one open alert and one mail', async () => {
    const webhookId = await createWebhook()
    const { sql } = api.database
    const one = Array.from({ length: 100 }, () => openAlert(sql, note(webhookId, 'exhausted')))
    const many = Array.from({ length: 8 }, () =>
      openAlerts(
        sql,
        Array.from({ length: 50 }, () => note(webhookId, 'exhausted', { lastFailure: 'connect' })),
      ),
    )
    await Promise.all([...one, ...many])
    const { deps } = notices()
    expect(await sendDueNotices(deps)).toBe(1)
    expect(await sendDueNotices(deps)).toBe(0)
    expect(server.mails).toHaveLength(1)
    expect(server.mails[0]?.text).toContain('Failed deliveries: 500')
    expect(await listed()).toMatchObject([{ webhookId, kind: 'exhausted', state: 'open', count: 500 }])
    expect((await listed())[0]?.emailedAt).toMatch(/Z$/)
    await openAlert(sql, note(webhookId, 'exhausted'))
    expect(await sendDueNotices(deps)).toBe(0)
  })

  test('a recovery closes the alert and is told once; the next trouble opens another', async () => {
    const webhookId = await createWebhook()
    const { sql } = api.database
    const { deps, told } = notices()
    await openAlert(sql, note(webhookId, 'exhausted'))
    await openAlert(sql, note(webhookId, 'disabled'))
    await sendDueNotices(deps)
    await closeAlerts(sql, [webhookId], 'exhausted', true)
    await closeAlerts(sql, [webhookId], 'exhausted', true)
    await sendDueNotices(deps)
    expect(server.mails.map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1])).toEqual([
      'Deliveries failed: hooks.acme.com:8443',
      'Webhook turned off: hooks.acme.com:8443',
      'Working again: hooks.acme.com:8443',
    ])
    expect(told.alerts.map(({ occasion, kind, isMailed }) => `${occasion} ${kind} ${isMailed}`)).toEqual([
      'opened exhausted true',
      'opened disabled true',
      'closed exhausted true',
    ])
    expect(await listed('?state=open')).toMatchObject([{ kind: 'disabled' }])
    await openAlert(sql, note(webhookId, 'exhausted'))
    expect(await sendDueNotices(deps)).toBe(1)
    expect(await listed()).toMatchObject([
      { state: 'open', count: 1 },
      { kind: 'disabled' },
      { state: 'closed' },
    ])
  })

  test('deleting the webhook closes both without a recovery notice', async () => {
    const webhookId = await createWebhook()
    await openAlerts(api.database.sql, [note(webhookId, 'exhausted'), note(webhookId, 'disabled')])
    const { deps } = notices()
    await sendDueNotices(deps)
    await call('DELETE', `/webhooks/${webhookId}`)
    expect(await sendDueNotices(deps)).toBe(0)
    expect((await listed()).map(({ state }) => state)).toEqual(['closed', 'closed'])
  })

  test('acknowledging only sets when, once, and is audited once', async () => {
    const webhookId = await createWebhook()
    await openAlert(api.database.sql, note(webhookId, 'exhausted'))
    const [alert] = await listed()
    const path = `/alerts/${alert?.id ?? ''}/acknowledge`
    const first = await call<AlertBody>('POST', path)
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ state: 'open', acknowledgedAt: expect.stringMatching(/Z$/) as string })
    const second = await call<AlertBody>('POST', path)
    expect([second.status, second.body.acknowledgedAt]).toEqual([200, first.body.acknowledgedAt])
    const entries = await api.database.sql.query('select 1 from audit_entry where object_id = $1', [
      alert?.id,
    ])
    expect(entries).toHaveLength(1)
    const other = await api.createWorkspace()
    expect((await other.call('POST', path)).status).toBe(404)
    expect((await other.call<{ data: unknown[] }>('GET', '/alerts')).body.data).toEqual([])
  })

  test('are listed by state and webhook, in pages', async () => {
    const [one, other] = [await createWebhook(), await createWebhook()]
    await openAlerts(api.database.sql, [
      note(one, 'exhausted'),
      note(other, 'exhausted'),
      note(other, 'disabled'),
    ])
    await closeAlerts(api.database.sql, [one], null, false)
    expect(await listed('?state=closed')).toMatchObject([{ webhookId: one }])
    expect(await listed(`?webhookId=${other}&state=open`)).toHaveLength(2)
    const page = await call<{ data: AlertBody[]; nextCursor: string }>('GET', '/alerts?limit=2')
    const rest = await call<{ data: AlertBody[]; nextCursor: null }>(
      'GET',
      `/alerts?limit=2&cursor=${page.body.nextCursor}`,
    )
    expect([page.body.data.length, rest.body.data.length, rest.body.nextCursor]).toEqual([2, 1, null])
    for (const query of ['?state=new', '?webhookId=x', '?kind=exhausted'])
      expect((await call('GET', `/alerts${query}`)).status).toBe(422)
  })
})

describe('the mail', () => {
  test('says which webhook and event, what went wrong and what to do, as text and as HTML', async () => {
    const webhookId = await createWebhook()
    await openAlert(
      api.database.sql,
      note(webhookId, 'exhausted', { lastFailure: 'status', lastStatusCode: 503 }),
    )
    await sendDueNotices(notices().deps)
    const [mail] = server.mails
    expect(mail?.to).toEqual(['ops@acme.com', 'on-call@acme.com'])
    expect(mail?.from).toBe('postrider@acme.com')
    const link = `https://postrider.acme.com/settings/webhooks/${webhookId}/deliveries?state=failed`
    for (const part of [
      'multipart/alternative',
      'Content-Type: text/plain',
      'Content-Type: text/html',
      'hooks.acme.com:8443 answered 503',
      'Event type: task.created',
      'Failed deliveries: 1',
      'Workspace: Acme',
      link,
      `href="${link}"`,
    ])
      expect(mail?.text).toContain(part)
  })

  test('holds no secret, no payload and nothing of the URL but its host', async () => {
    const webhookId = await createWebhook()
    await openAlerts(api.database.sql, [note(webhookId, 'exhausted'), note(webhookId, 'disabled')])
    await closeAlerts(api.database.sql, [webhookId], 'exhausted', true)
    const { deps, told } = notices()
    expect(await sendDueNotices(deps)).toBe(3)
    const seen = server.mails.map(({ text }) => text).join('\n') + JSON.stringify(told)
    for (const text of ['the-secret-of-it', 'path-token', 'query-token', '/in/'])
      expect(seen).not.toContain(text)
  })

  test('cannot be bent by what a customer writes', async () => {
    await api.database.sql.query(`update workspace set name = $2 where id = $1`, [
      workspaceId,
      '<img src=x onerror=alert(1)>\r\nBcc: evil@acme.com',
    ])
    const webhookId = await createWebhook()
    await openAlert(api.database.sql, note(webhookId, 'exhausted'))
    await sendDueNotices(notices().deps)
    const [mail] = server.mails
    expect(mail?.to).toEqual(['ops@acme.com', 'on-call@acme.com'])
    expect(mail?.text.slice(mail.text.indexOf('text/html'))).not.toContain('<img')
  })

  test('goes to the default recipients where the workspace names none', async () => {
    await api.database.sql.query(`update workspace set alert_emails = '{}' where id = $1`, [workspaceId])
    await openAlert(api.database.sql, note(await createWebhook(), 'exhausted'))
    await sendDueNotices(notices({ defaultRecipients: ['operator@acme.com'] }).deps)
    expect(server.mails.map(({ to }) => to)).toEqual([['operator@acme.com']])
  })

  test('is sent once although several processes look for it', async () => {
    for (let n = 0; n < 5; n += 1) await openAlert(api.database.sql, note(await createWebhook(), 'exhausted'))
    await Promise.all(Array.from({ length: 4 }, () => sendDueNotices(notices().deps)))
    expect(server.mails).toHaveLength(5)
  })
})

describe('without a mail server', () => {
  test.each([
    ['no SMTP_URL', { sendMail: null }],
    ['no recipients', {}],
  ])('(%s) alerts stand in the list and are logged once', async (_, change) => {
    await api.database.sql.query(`update workspace set alert_emails = '{}' where id = $1`, [workspaceId])
    const webhookId = await createWebhook()
    await openAlert(api.database.sql, note(webhookId, 'exhausted'))
    const { deps, told } = notices(change)
    expect([await sendDueNotices(deps), await sendDueNotices(deps)]).toEqual([1, 0])
    expect(told.alerts).toMatchObject([{ webhookId, kind: 'exhausted', isMailed: false }])
    expect(await listed('?state=open')).toMatchObject([{ emailedAt: null }])
    expect(server.mails).toEqual([])
  })
})

describe('a mail server in trouble', () => {
  test('that refuses for a while loses nothing: trouble and recovery arrive later, in order', async () => {
    const webhookId = await createWebhook()
    const { deps, told } = notices()
    await openAlert(api.database.sql, note(webhookId, 'exhausted'))
    server.refuseWith('try again later')
    expect(await sendDueNotices(deps)).toBe(0)
    expect(told.faults).toHaveLength(1)
    expect(await listed()).toMatchObject([{ emailedAt: null }])
    await closeAlerts(api.database.sql, [webhookId], 'exhausted', true)
    expect(await sendDueNotices(deps)).toBe(0)
    server.refuseWith(null)
    await makeDue()
    expect(await sendDueNotices(deps)).toBe(2)
    expect(server.mails.map(({ text }) => /^Subject: (\w+)/m.exec(text)?.[1])).toEqual([
      'Deliveries',
      'Working',
    ])
  })

  test('is tried again later each time', async () => {
    const webhookId = await createWebhook()
    await openAlert(api.database.sql, note(webhookId, 'exhausted'))
    const { deps } = notices({
      sendMail: createMailer({ smtpUrl: 'smtp://127.0.0.1:1', from: 'a@acme.com' }),
    })
    const pauses: number[] = []
    for (let tries = 0; tries < 4; tries += 1) {
      expect(await sendDueNotices(deps)).toBe(0)
      const [row] = await api.database.sql.query<{ seconds: number }>(
        'select extract(epoch from open_notice_due_at - now())::float8 as seconds from alert where webhook_id = $1',
        [webhookId],
      )
      pauses.push(Math.round((row?.seconds ?? 0) / 5) * 5)
      await makeDue()
    }
    expect(pauses).toEqual([5, 10, 20, 40])
  })

  test('that accepts and says nothing is left within seconds', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const smtpUrl = `smtp://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const started = performance.now()
    await openAlert(api.database.sql, note(await createWebhook(), 'exhausted'))
    const { deps, told } = notices({ sendMail: createMailer({ smtpUrl, from: 'a@acme.com' }) })
    expect(await sendDueNotices(deps)).toBe(0)
    expect(told.faults).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(8_000)
    silent.close()
  })

  test('and a process that dies with a notice in hand leave it to the next one', async () => {
    const webhookId = await createWebhook()
    await openAlert(api.database.sql, note(webhookId, 'exhausted'))
    const never: SendMail = () => new Promise(() => undefined)
    void sendDueNotices(notices({ sendMail: never }).deps)
    await expect
      .poll(() =>
        api.database.sql.query('select 1 from alert where notice_tries = 1 and open_notice_due_at > now()'),
      )
      .toHaveLength(1)
    const { deps } = notices()
    expect(await sendDueNotices(deps)).toBe(0)
    await makeDue()
    expect(await sendDueNotices(deps)).toBe(1)
    expect(server.mails).toHaveLength(1)
  })
})

describe('the loop', () => {
  test('sends what becomes due and stops when told to', async () => {
    const { deps, told } = notices()
    const loop = startNotices(deps)
    await openAlert(api.database.sql, note(await createWebhook(), 'exhausted'))
    await expect.poll(() => server.mails.length, { timeout: 10_000 }).toBe(1)
    await loop.stop()
    expect(told.faults).toEqual([])
  })
})
