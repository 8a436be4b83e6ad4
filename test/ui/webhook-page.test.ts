import { expect } from 'vitest'
import { expectAccessible, expectNoSidewaysScroll, labTests, PAGE } from './support/lab.ts'

const it = labTests()

const SOON = { timeout: 30_000, interval: 100 }

it('settings are saved, errors stand beside their field, and the secret is rotated with an overlap', async ({
  service,
  receiver,
  open,
}) => {
  const webhook = await service.createWebhook({
    url: receiver.url,
    events: ['task.*'],
    headers: { 'x-team': 'secret-value' },
  })
  const page = await open(`/${webhook.id}/settings`)
  await page.getByRole('textbox', { name: 'Description' }).fill('Invoices')
  await page.getByRole('button', { name: 'More options' }).click()
  await page.getByRole('textbox', { name: 'Time for an attempt' }).fill('99')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText(/timeoutMs/).waitFor()
  await page.getByRole('textbox', { name: 'Time for an attempt' }).fill('5')
  await page.keyboard.press('Enter')
  await page.getByRole('status').getByText('Saved.').waitFor()
  const saved = (await service.get(`/webhooks/${webhook.id}`)).body
  expect(saved).toMatchObject({ description: 'Invoices', timeoutMs: 5000, headers: { 'x-team': '••••' } })

  await page.getByRole('button', { name: 'Reveal secret' }).click()
  expect(await page.getByRole('textbox', { name: 'Signing secret' }).inputValue()).toBe(webhook.secret)
  await page.getByRole('button', { name: 'Rotate secret' }).click()
  const dialog = page.getByRole('dialog', { name: 'Rotate secret' })
  await dialog.getByRole('combobox', { name: 'Old secret works for' }).selectOption('1 hour')
  await dialog.getByText('Both secrets sign until').waitFor()
  await dialog.getByRole('button', { name: 'Rotate secret' }).click()
  const secret = await dialog.getByRole('textbox', { name: 'Signing secret' }).inputValue()
  expect(secret).not.toBe(webhook.secret)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('tab', { name: 'Testing' }).click()
  await page.getByRole('button', { name: 'Send test event' }).click()
  await page.getByRole('region', { name: 'Test result' }).waitFor()
  expect(String(receiver.received.at(-1)?.headers['x-webhook-signature']).match(/v1=/g)).toHaveLength(2)
})

it('deleting asks for the host, says what ends, and leads back to the list', async ({
  service,
  open,
  receiver,
}) => {
  const webhook = await service.createWebhook({ url: `http://${receiver.host}/delete-me`, events: ['*'] })
  const page = await open(`/${webhook.id}/settings`)
  await page.getByRole('button', { name: 'Delete webhook' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete webhook' })
  const button = dialog.getByRole('button', { name: 'Delete webhook' })
  expect(await button.isDisabled()).toBe(true)
  await dialog.getByRole('textbox', { name: `Type ${receiver.host} to confirm` }).fill(receiver.host)
  await button.click()
  await page.getByRole('status').getByText('is deleted').waitFor()
  expect((await service.get(`/webhooks/${webhook.id}`)).status).toBe(404)
})

it('the list is searched and filtered by the server, and the address keeps it', async ({
  service,
  receiver,
  open,
}) => {
  await service.createWebhook({
    url: `http://${receiver.host}/alpha`,
    description: 'Needle',
    events: ['task.created'],
  })
  await service.createWebhook({ url: `http://${receiver.host}/beta`, events: ['phase.*'], enabled: false })
  const page = await open('?q=Needle')
  const rows = page.getByRole('table', { name: 'Webhooks' }).getByRole('link')
  await rows.getByText('/alpha').waitFor()
  expect(await rows.count()).toBe(1)
  await page.getByRole('searchbox', { name: 'Search webhooks' }).fill('/beta')
  await rows.getByText('/beta').waitFor()
  expect(new URL(page.url()).searchParams.get('q')).toBe('/beta')
  await page.getByRole('combobox', { name: 'Status' }).selectOption('Enabled')
  await page.getByText('No webhook fits').waitFor()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await rows.getByText('/alpha').waitFor()
})

it('statistics are drawn, and told as tables', async ({ service, receiver, open }) => {
  receiver.reply = { status: 200 }
  const webhook = await service.createWebhook({
    url: `http://${receiver.host}/stats`,
    events: ['task.updated'],
    schedule: ['1s'],
  })
  const page = await open(`/${webhook.id}/statistics`)
  await page.getByText('No delivery was settled in this time.').waitFor()
  await service.publish({ type: 'task.updated' })
  const rate = async () =>
    (await service.get<{ successRate: number | null }>(`/webhooks/${webhook.id}/stats`)).body.successRate
  await expect.poll(rate, SOON).toBe(1)
  await page.getByRole('radiogroup', { name: 'Window' }).getByRole('radio', { name: '7 days' }).check()
  await page.getByRole('group', { name: 'Success rate' }).getByText('100').waitFor()
  expect(page.url()).toContain('window=7d')
  const figure = page.getByRole('figure', { name: 'Outcomes over time' })
  await figure.getByRole('button', { name: 'Show as table' }).click()
  await figure.getByRole('columnheader', { name: 'Succeeded' }).waitFor()
  await page.getByRole('figure', { name: 'Response time percentiles' }).waitFor()
  await page.getByRole('figure', { name: 'Failures by cause' }).waitFor()
  await expectAccessible(page)
})

it('alerts are acknowledged, and who is written to is kept', async ({ service, receiver, open }) => {
  const before = (await service.get<{ data: unknown[] }>('/alerts')).body.data.length
  receiver.reply = { status: 410 }
  await service.createWebhook({ url: `http://${receiver.host}/gone`, events: ['phase.updated'] })
  await service.publish({ type: 'phase.updated' })
  const alerts = async () => (await service.get<{ data: unknown[] }>('/alerts')).body.data.length
  await expect.poll(alerts, SOON).toBeGreaterThan(before)
  const page = await open('/alerts')
  await page.getByRole('link', { name: /^Alerts \(\d+\)$/ }).waitFor()
  const newest = page.getByRole('list', { name: 'Alerts' }).getByRole('listitem').first()
  await newest.getByText('its endpoint answered 410').waitFor()
  await newest.getByRole('button', { name: 'Acknowledge' }).click()
  await newest.getByText('acknowledged').waitFor()
  await page.waitForFunction(() => document.activeElement?.tagName === 'LI')
  await page.getByRole('textbox', { name: 'Alert e-mail addresses' }).fill('no address')
  await page.getByRole('button', { name: 'Save addresses' }).click()
  await page
    .getByRole('alert')
    .or(page.getByText(/e-mail address/))
    .first()
    .waitFor()
  await page.getByRole('textbox', { name: 'Alert e-mail addresses' }).fill('ops@example.com')
  await page.getByRole('button', { name: 'Save addresses' }).click()
  await page.getByRole('status').getByText('Saved.').waitFor()
  expect((await service.get('/workspace')).body['alertEmails']).toEqual(['ops@example.com'])
})

it('an API key is created, shown once, and revoked; the audit log tells of both', async ({ open }) => {
  const page = await open('/api-keys')
  await page.getByRole('button', { name: 'Create API key' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create API key' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Billing')
  await dialog.getByRole('checkbox', { name: 'event:write' }).check()
  await dialog.getByRole('button', { name: 'Create', exact: true }).click()
  expect(await dialog.getByRole('textbox', { name: 'API key' }).inputValue()).toMatch(/^whk_live_/)
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Revoke Billing' }).click()
  await page
    .getByRole('dialog', { name: 'Revoke Billing' })
    .getByRole('button', { name: 'Revoke', exact: true })
    .click()
  await page.getByRole('button', { name: 'Revoke Billing' }).waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.activeElement?.id === 'content')
  await page.getByRole('link', { name: 'Audit log' }).click()
  const table = page.getByRole('table', { name: 'Audit log' })
  await table.getByText('api_key.revoked').waitFor()
  await table.getByText('api_key.created').first().waitFor()
})

it('a sign-in that may only read sees everything and is told what it lacks', async ({ service, open }) => {
  const { body } = await service.post<{ key: string }>('/api-keys', {
    name: 'reader',
    scopes: ['webhook:read'],
  })
  const page = await open('', { key: body.key })
  const create = page.getByRole('button', { name: 'Create webhook' })
  await create.waitFor()
  expect(await create.isDisabled()).toBe(true)
  await create.focus()
  await page.getByRole('tooltip').getByText('webhook:write').waitFor()
})

for (const colorScheme of ['light', 'dark'] as const)
  for (const width of [1280, 360])
    it(`every view is accessible and stays within its ${width} pixels, ${colorScheme}`, async ({
      service,
      receiver,
      open,
    }) => {
      const { id } = await service.createWebhook({ url: receiver.url, events: ['task.*'] })
      const own = ['deliveries', 'statistics', 'settings', 'testing'].map((tab) => `/${id}/${tab}`)
      const page = await open('', { colorScheme, viewport: { width, height: 800 } })
      for (const view of ['', '/new', ...own, '/alerts', '/api-keys', '/audit-log']) {
        await page.goto(`${service.url}${PAGE}${view}`)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null)
        await expectAccessible(page)
        await expectNoSidewaysScroll(page)
      }
    })

it('the theme is switched and kept', async ({ open }) => {
  const page = await open('')
  await page.getByRole('combobox', { name: 'Theme' }).selectOption('Dark')
  const scheme = () => page.evaluate(() => document.documentElement.dataset['mantineColorScheme'])
  expect(await scheme()).toBe('dark')
  await page.reload()
  await page.getByRole('heading', { name: 'Webhooks', exact: true }).waitFor()
  expect(await scheme()).toBe('dark')
})

it('the first view stands within a second', async ({ service, open }) => {
  const page = await open('')
  await page.getByRole('table', { name: 'Webhooks' }).getByRole('link').first().waitFor()
  // The best of some: a machine that is busy with other tests says nothing about the page.
  const times: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const startedAt = performance.now()
    await page.goto(`${service.url}/settings/webhooks`)
    await page.getByRole('table', { name: 'Webhooks' }).getByRole('link').first().waitFor()
    times.push(performance.now() - startedAt)
  }
  expect(Math.min(...times)).toBeLessThan(1_000)
})

it('a hidden page asks for nothing', async ({ open }) => {
  const page = await open('')
  await page.getByRole('table', { name: 'Webhooks' }).waitFor()
  await page.clock.install()
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  let requestCount = 0
  page.on('request', () => (requestCount += 1))
  await page.clock.runFor(120_000)
  expect(requestCount).toBe(0)
})

it('without the server the page keeps what it showed, says so in one sentence, and recovers by itself', async ({
  service,
  open,
}) => {
  const page = await open('')
  const table = page.getByRole('table', { name: 'Webhooks' })
  await table.getByRole('link').first().waitFor()
  await service.end('api', 'SIGTERM')
  await page.getByRole('alert').getByText('as of').waitFor({ timeout: 40_000 })
  expect(await table.getByRole('link').count()).toBeGreaterThan(0)
  service.start('api')
  await service.ready()
  await page.getByRole('alert').getByText('as of').waitFor({ state: 'detached', timeout: 60_000 })
})
