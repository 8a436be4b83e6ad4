import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

import { startReceiver } from '../support/life.ts'
import { type MailReceiver, startMailReceiver } from '../support/mail-receiver.ts'
import {
  type AlertAnswer,
  eventually,
  publishAgain,
  type PublishedDelivery,
  publishTo,
} from '../support/published-delivery.ts'
import { startTestService, type TestService } from '../support/service.ts'

const FAILING_DELIVERIES = 50
const URL_TOKEN = 'url-token-7f3a'
const PAYLOAD = 'payload-marker-51c2'
const PUBLIC_URL = 'https://hooks.example.com'

let service: TestService
let receiver: Awaited<ReturnType<typeof startReceiver>>
let mailServer: MailReceiver

beforeAll(async () => {
  receiver = await startReceiver()
  mailServer = await startMailReceiver()
  service = await startTestService({
    env: {
      PUBLIC_URL,
      SMTP_URL: mailServer.url,
      ALERT_EMAIL_FROM: 'Postrider <postrider@example.com>',
      ALERT_EMAIL_TO: 'operators@example.com',
    },
  })
})

afterAll(async () => {
  await service.stop()
  await Promise.all([receiver.close(), mailServer[Symbol.asyncDispose]()])
})

beforeEach(() => {
  receiver.status = 500
  receiver.answers.length = 0
})

let current: PublishedDelivery | undefined

afterEach(async () => {
  await current?.remove()
  mailServer.mails.length = 0
})

async function exhaust(members: Record<string, unknown> = {}): Promise<PublishedDelivery> {
  const url = `${receiver.url}?token=${URL_TOKEN}`
  current = await publishTo(service, 'task.created', { url, schedule: ['1s'], ...members })
  await current.becomes('failed')
  return current
}

const onlyAlert = async (delivery: PublishedDelivery): Promise<AlertAnswer | undefined> =>
  (await delivery.alerts())[0]

test('rule 10: many failed deliveries are one mail, one alert and a count; the next success closes it with a notice', async () => {
  const { id: webhookId, secret } = await service.createWebhook({
    url: `${receiver.url}?token=${URL_TOKEN}`,
    events: ['task.created'],
    schedule: ['1s'],
    concurrency: 50,
    headers: { 'x-own': 'own-header-value' },
  })
  const events = Array.from({ length: FAILING_DELIVERIES }, () => ({
    type: 'task.created',
    data: { mark: PAYLOAD },
  }))
  expect((await service.post('/events/batch', { events })).status).toBe(202)
  const failed = async () => {
    const page = await service.get<{ data: { id: string }[] }>(
      `/deliveries?webhookId=${webhookId}&state=failed&limit=100`,
    )
    return page.body.data
  }
  // Ten failures in a row open the breaker, and from then on attempts go out one at a time.
  await eventually(async () => (await failed()).length, FAILING_DELIVERIES)
  const [alert] = (await service.get<{ data: AlertAnswer[] }>(`/alerts?webhookId=${webhookId}`)).body.data
  expect(alert).toMatchObject({ kind: 'exhausted', state: 'open', count: FAILING_DELIVERIES })
  await eventually(() => mailServer.mails.length, 1)

  const [mail] = mailServer.mails
  expect(mail).toMatchObject({ from: 'postrider@example.com', to: ['operators@example.com'] })
  const host = new URL(receiver.url).host
  for (const told of [
    `Subject: Deliveries failed: ${host}`,
    'Event type: task.created',
    `Last failure: ${host} answered 500 and so did not accept the event.`,
    `${PUBLIC_URL}/settings/webhooks/${webhookId}/deliveries?state=failed`,
    'text/html',
  ])
    expect(mail?.text).toContain(told)
  expect(mail?.text).toMatch(/Failed deliveries: \d+/)
  for (const untold of [secret, secret.slice(6), URL_TOKEN, PAYLOAD, 'own-header-value', service.key])
    expect(mail?.text).not.toContain(untold)

  receiver.status = 200
  const retried = await service.post<{ count: number }>(`/webhooks/${webhookId}/retry-failed`, {})
  expect([retried.status, retried.body.count]).toEqual([202, FAILING_DELIVERIES])
  await eventually(async () => (await failed()).length, 0)
  expect((await service.get(`/webhooks/${webhookId}`)).body['status']).toBe('enabled')
  await eventually(() => mailServer.mails.length, 2)
  expect(mailServer.mails[1]?.text).toContain(`Subject: Working again: ${host}`)
  expect(mailServer.mails[1]?.text).toContain(`Failed before: ${FAILING_DELIVERIES}`)
  const [closed] = (await service.get<{ data: AlertAnswer[] }>(`/alerts?webhookId=${webhookId}`)).body.data
  expect(closed).toMatchObject({ id: alert?.id, state: 'closed', count: FAILING_DELIVERIES })
  expect(closed?.emailedAt).not.toBeNull()
  await service.request('DELETE', `/webhooks/${webhookId}`)
})

test('rule 10: a 410 is told as a webhook turned off, and turning it on closes the alert with a notice', async () => {
  receiver.answers.push({ status: 410 })
  const delivery = await exhaust()
  expect(await delivery.read()).toMatchObject({ lastFailure: 'gone', attemptCount: 1 })
  expect(await delivery.alerts()).toMatchObject([{ kind: 'disabled', state: 'open', count: 1 }])
  await eventually(() => mailServer.mails.length, 1)
  expect(mailServer.mails[0]?.text).toContain('Subject: Webhook turned off:')
  await service.request('PATCH', `/webhooks/${delivery.webhookId}`, { enabled: true })
  expect(await onlyAlert(delivery)).toMatchObject({ state: 'closed' })
  await eventually(() => mailServer.mails.length, 2)
  expect(mailServer.mails[1]?.text).toContain('Subject: Webhook turned on again:')
})

test('rule 10: acknowledging sets a time and nothing else, also when repeated; deleting closes without a notice', async () => {
  const delivery = await exhaust()
  const opened = await onlyAlert(delivery)
  const path = `/alerts/${opened?.id ?? ''}/acknowledge`
  const first = await service.post<AlertAnswer>(path, {})
  expect(first.status).toBe(200)
  expect(first.body.acknowledgedAt).not.toBeNull()
  expect(first.body).toMatchObject({ state: 'open', count: 1, closedAt: null })
  const again = await service.request<AlertAnswer>('POST', path)
  expect([again.status, again.body.acknowledgedAt]).toEqual([200, first.body.acknowledgedAt])

  // The alert stays open, so a further exhausted delivery raises its count and writes to nobody.
  await eventually(() => mailServer.mails.length, 1)
  await (await publishAgain(service, 'task.created', delivery.webhookId)).becomes('failed')
  expect(await delivery.alerts()).toMatchObject([{ state: 'open', count: 2 }])
  await delivery.remove()
  expect(await onlyAlert(delivery)).toMatchObject({ state: 'closed', count: 2 })
  // Whatever was due before this alert is sent before it.
  receiver.status = 500
  await exhaust()
  await eventually(() => mailServer.mails.length, 2)
  expect(mailServer.mails.filter(({ text }) => text.includes('Working again'))).toEqual([])
})

test('rule 10: the workspace’s own addresses come before the operator’s', async () => {
  await service.request('PATCH', '/workspace', { alertEmails: ['own@example.com', 'second@example.com'] })
  await exhaust()
  await eventually(() => mailServer.mails.map(({ to }) => to), [['own@example.com', 'second@example.com']])
  await service.request('PATCH', '/workspace', { alertEmails: [] })
})

test('a mail server that is down delays no delivery and loses no mail', async () => {
  await mailServer[Symbol.asyncDispose]()
  const delivery = await exhaust()
  receiver.status = 200
  await delivery.retry()
  await delivery.becomes('succeeded')
  await (await publishAgain(service, 'task.created', delivery.webhookId)).becomes('succeeded')
  expect(await onlyAlert(delivery)).toMatchObject({ state: 'closed', emailedAt: null })

  mailServer = await startMailReceiver(Number(new URL(mailServer.url).port))
  await eventually(() => mailServer.mails.length, 2)
  expect(mailServer.mails[0]?.text).toContain('Subject: Deliveries failed:')
  expect(mailServer.mails[1]?.text).toContain('Subject: Working again:')
  expect((await onlyAlert(delivery))?.emailedAt).not.toBeNull()
})
