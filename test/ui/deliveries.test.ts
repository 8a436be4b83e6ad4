import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { expectAccessible, labTests, type Lab } from './support/lab.ts'

const it = labTests()

const SOON = { timeout: 30_000, interval: 100 }

async function failedDelivery({ service, receiver }: Lab, name: string) {
  receiver.reply = { status: 503, headers: { 'content-type': 'text/html' }, body: '<h1>Down</h1>' }
  const webhook = await service.createWebhook({
    url: `http://${receiver.host}/${name}`,
    description: name,
    events: ['task.created'],
    schedule: ['1s'],
  })
  const { deliveries } = await service.publish()
  const delivery = deliveries.find(({ webhookId }) => webhookId === webhook.id)
  if (delivery === undefined) throw new Error('The event did not match.')
  const state = async () => (await service.get(`/deliveries/${delivery.id}`)).body['state']
  await expect.poll(state, SOON).toBe('failed')
  return { webhookId: webhook.id, deliveryId: delivery.id, short: delivery.id.slice(-8), state }
}

const drawerOf = (page: Page, short: string) => page.getByRole('dialog', { name: `Delivery ${short}` })

it('from the red mark to the cause in two clicks, then retried once it is mended', async (found) => {
  const { receiver, open } = found
  const { short, state } = await failedDelivery(found, 'two-clicks')
  const page = await open('')
  const attention = page.getByRole('region', { name: 'Needs attention' })
  await attention.getByText('answered 503').waitFor()
  await attention.getByRole('link', { name: receiver.host }).first().click()
  const drawer = drawerOf(page, short)
  await drawer.getByText('The endpoint answered 503: not accepted.').first().waitFor()
  await drawer.getByText('Its schedule is used up.').waitFor()

  const attempts = drawer.getByRole('list', { name: 'Attempts' }).getByRole('listitem')
  expect(await attempts.count()).toBe(2)
  await drawer.getByRole('button', { name: 'Attempt 2' }).click()
  await drawer.getByRole('region', { name: 'Response' }).getByText('<h1>Down</h1>').waitFor()
  const request = drawer.getByRole('region', { name: 'Request' })
  await request.getByText('x-webhook-attempt: 2').waitFor()
  await request.getByText('"eventType": "task.created"').waitFor()
  await drawer.getByRole('region', { name: 'Timing' }).getByText('waiting').waitFor()
  await expectAccessible(page)

  receiver.reply = { status: 200 }
  await drawer.getByRole('button', { name: 'Retry now' }).click()
  await drawer.getByText('Accepted at attempt 3.').waitFor()
  expect(await state()).toBe('succeeded')
  await page.getByText('The last delivery used all attempts').waitFor({ state: 'detached' })
  expect(await drawer.getByRole('button', { name: 'Retry now' }).count()).toBe(0)
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'detached' })
  expect(page.url()).not.toContain('delivery=')
})

it('the drawer survives reload and Back, and gives the focus back to its row', async (found) => {
  const { webhookId, short } = await failedDelivery(found, 'drawer')
  const page = await found.open(`/${webhookId}/deliveries`)
  const link = page.getByRole('link', { name: `Delivery ${short}` })
  await link.focus()
  await page.keyboard.press('Enter')
  const drawer = drawerOf(page, short)
  await drawer.waitFor()
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'detached' })
  await expect.poll(() => link.evaluate((element) => element === document.activeElement)).toBe(true)
  await link.click()
  await drawer.waitFor()
  await page.reload()
  await drawer.waitFor()
  await page.goBack()
  await drawer.waitFor({ state: 'detached' })
})

it('a waiting delivery shows its next attempt and can be cancelled', async ({ service, receiver, open }) => {
  receiver.reply = { status: 500 }
  const webhook = await service.createWebhook({
    url: `http://${receiver.host}/cancel`,
    events: ['phase.created'],
    schedule: ['1h'],
  })
  const { deliveries } = await service.publish({ type: 'phase.created' })
  const id = deliveries.find(({ webhookId }) => webhookId === webhook.id)?.id ?? ''
  const page = await open(`/${webhook.id}/deliveries?state=retrying`)
  await page.getByRole('link', { name: `Delivery ${id.slice(-8)}` }).click()
  const drawer = drawerOf(page, id.slice(-8))
  await drawer.getByText('step 1 of 2').waitFor()
  await drawer.getByText('Next attempt').waitFor()
  await drawer.getByRole('button', { name: 'Cancel delivery' }).click()
  await drawer.getByText('Stopped by hand or with its webhook.').waitFor()
  expect((await service.get(`/deliveries/${id}`)).body['state']).toBe('cancelled')
})

it('filters live in the address and are cleared at once', async (found) => {
  const { webhookId, deliveryId, short } = await failedDelivery(found, 'filters')
  const page = await found.open(`/${webhookId}/deliveries`)
  const row = page.getByRole('link', { name: `Delivery ${short}` })
  await row.waitFor()
  await page.getByRole('combobox', { name: 'State' }).selectOption('succeeded')
  await page.getByText('No delivery fits').waitFor()
  expect(page.url()).toContain('state=succeeded')
  await page.reload()
  await page.getByText('No delivery fits').waitFor()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await row.waitFor()
  await page.getByRole('combobox', { name: 'Time' }).selectOption('Last hour')
  await page.getByRole('combobox', { name: 'Event type' }).selectOption('task.created')
  await page.getByRole('textbox', { name: 'Delivery ID' }).fill(deliveryId)
  await row.waitFor()
  await page
    .getByRole('textbox', { name: 'Delivery ID' })
    .fill(deliveryId.replace(/.$/, (end) => (end === '0' ? '1' : '0')))
  await page.getByText('No delivery fits').waitFor()
})

it('pages lead on and back, also after a reload', async ({ service, receiver, open }) => {
  receiver.reply = { status: 200 }
  const webhook = await service.createWebhook({
    url: `http://${receiver.host}/many`,
    events: ['phase.updated'],
  })
  const events = Array.from({ length: 60 }, (_, number) => ({ type: 'phase.updated', data: { number } }))
  expect((await service.post('/events/batch', { events })).status).toBe(202)
  const page = await open(`/${webhook.id}/deliveries`)
  const rows = page.getByRole('table', { name: 'Deliveries' }).getByRole('link')
  await expect.poll(() => rows.count()).toBe(50)
  await page.getByRole('button', { name: 'Next page' }).click()
  await expect.poll(() => rows.count()).toBe(10)
  await page.reload()
  await expect.poll(() => rows.count()).toBe(10)
  expect(await page.getByRole('button', { name: 'Next page' }).isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'Previous page' }).click()
  await expect.poll(() => rows.count()).toBe(50)
  expect(page.url()).not.toContain('cursor')
})

it('picked deliveries are retried one by one, and all failed ones as a whole', async (found) => {
  const { service, receiver, open } = found
  const { webhookId, short } = await failedDelivery(found, 'picked')
  const page = await open(`/${webhookId}/deliveries`)
  receiver.reply = { status: 200 }
  await page.getByRole('checkbox', { name: `Select ${short}` }).check()
  await page.getByRole('button', { name: 'Retry selected' }).click()
  await page.getByRole('status').getByText('1 delivery is being retried.').waitFor()
  const states = async () =>
    (await service.get<{ data: { state: string }[] }>(`/deliveries?webhookId=${webhookId}`)).body.data.map(
      ({ state }) => state,
    )
  await expect.poll(states, SOON).toEqual(['succeeded'])
  await page.getByRole('button', { name: 'Retry all failed' }).click()
  await page.getByText('No delivery is failed.').waitFor()
})

it('nothing moves under the pointer: new deliveries wait until they are asked for', async ({
  service,
  receiver,
  open,
}) => {
  receiver.reply = { status: 200 }
  const webhook = await service.createWebhook({
    url: `http://${receiver.host}/calm`,
    events: ['project.created'],
  })
  await service.publish({ type: 'project.created' })
  const page = await open(`/${webhook.id}/deliveries`)
  const rows = page.getByRole('table', { name: 'Deliveries' }).getByRole('link')
  await rows.first().hover()
  const place = await rows.first().boundingBox()
  await service.publish({ type: 'project.created' })
  const more = page.getByRole('button', { name: 'Show 1 new deliveries' })
  await more.waitFor({ timeout: 30_000 })
  expect(await rows.count()).toBe(1)
  expect(await rows.first().boundingBox()).toEqual(place)
  await more.click()
  await expect.poll(() => rows.count()).toBe(2)
})

it('what was held is sent when the webhook is turned on, if one wants it', async ({
  service,
  receiver,
  open,
}) => {
  receiver.reply = { status: 200 }
  const webhook = await service.createWebhook({
    url: `http://${receiver.host}/held`,
    events: ['project.deleted'],
  })
  const page = await open('')
  const control = page.getByRole('switch', { name: `Enabled: ${receiver.host}` }).first()
  await control.click()
  await page.getByRole('status').getByText('New events are kept, not sent.').waitFor()
  const { deliveries } = await service.publish({ type: 'project.deleted' })
  const id = deliveries.find(({ webhookId }) => webhookId === webhook.id)?.id ?? ''
  await page.goto(`${service.url}/settings/webhooks/${webhook.id}`)
  await page.getByText('Held').first().waitFor()
  await page.getByRole('switch', { name: 'Enabled' }).click()
  const dialog = page.getByRole('dialog', { name: 'Enable webhook' })
  await dialog.getByText('1 event was kept').waitFor()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Enable and send' }).click()
  await dialog.waitFor({ state: 'detached' })
  await expect
    .poll(async () => (await service.get(`/deliveries/${id}`)).body['state'], SOON)
    .toBe('succeeded')
})

it('hostile content is shown as text and breaks nothing', async ({ service, receiver, open }) => {
  receiver.reply = {
    status: 500,
    headers: { 'content-type': 'text/html' },
    body: `<script>document.title='owned'</script>\u001b[31m\u202egnp\u202c${'A'.repeat(17_000)}`,
  }
  const webhook = await service.createWebhook({
    url: `http://${receiver.host}/${'long'.repeat(480)}`,
    description: `\u202egnp.exe <img src=x onerror="document.title='owned'">`,
    events: ['phase.completed'],
    schedule: ['1h'],
  })
  const { deliveries } = await service.publish({ type: 'phase.completed' })
  const id = deliveries.find(({ webhookId }) => webhookId === webhook.id)?.id ?? ''
  await expect.poll(async () => (await service.get(`/deliveries/${id}`)).body['attemptCount'], SOON).toBe(1)
  const page = await open(`/${webhook.id}/deliveries?delivery=${id}`, {
    viewport: { width: 360, height: 780 },
  })
  await page.getByRole('button', { name: 'Attempt 1' }).click()
  const body = page.getByRole('region', { name: 'Response' }).getByRole('group', { name: 'Response body' })
  await expect
    .poll(() => body.textContent())
    .toContain("<script>document.title='owned'</script>⟨U+001B⟩[31m⟨U+202E⟩gnp⟨U+202C⟩AAA")
  expect(await page.title()).toBe('Webhooks · Postrider')
  const overhang = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overhang).toBe(0)
  await expectAccessible(page)
})
