import { createHmac } from 'node:crypto'
import { expect } from 'vitest'
import { expectAccessible, labTests, PAGE } from './support/lab.ts'

const it = labTests()

it('a link signs in once, and its code does not stay in the address', async ({ service, open }) => {
  const { body } = await service.post<{ url: string }>('/portal-sessions', {
    permissions: ['webhook:read', 'webhook:write', 'event:read', 'delivery:retry'],
    ttlSeconds: 600,
    actor: 'ada@example.com',
  })
  const path = body.url.slice(body.url.indexOf(PAGE) + PAGE.length)
  const page = await open(path, { key: null })
  await page.getByRole('heading', { name: 'Webhooks', exact: true }).waitFor()
  expect(page.url()).toBe(`${service.url}${PAGE}`)
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByText('Needs the scope key:write').first().waitFor()

  const again = await open(path, { key: null })
  await again.getByRole('alert').getByText('The sign-in link did not work').waitFor()
})

it('an API key signs in at the same address, a wrong one is refused beside the field, and signing out ends it', async ({
  service,
  open,
}) => {
  const page = await open('/api-keys?x=1', { key: null })
  await expectAccessible(page)
  const field = page.getByLabel('API key')
  expect(await field.getAttribute('type')).toBe('password')
  await field.fill('whk_live_wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('This key is not accepted').waitFor()
  await field.fill(service.key)
  await page.keyboard.press('Enter')
  await page.getByRole('table', { name: 'API keys' }).waitFor()
  expect(page.url()).toContain('/api-keys?x=1')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await field.waitFor()
  await page.reload()
  await field.waitFor()
})

it('from an empty list to a signed test delivery, by keyboard and without reading anything else', async ({
  receiver,
  open,
}) => {
  const page = await open('')
  await page.getByText('No webhooks yet').waitFor()
  await expectAccessible(page)
  const createButtons = page.getByRole('button', { name: 'Create webhook' })
  expect(await createButtons.count()).toBe(1)
  await createButtons.focus()
  await page.keyboard.press('Enter')

  const dialog = page.getByRole('dialog', { name: 'Create webhook' })
  await dialog.waitFor()
  expect(new URL(page.url()).pathname).toBe(`${PAGE}/new`)
  const url = dialog.getByRole('textbox', { name: 'Endpoint URL' })
  await expect.poll(() => url.evaluate((element) => element === document.activeElement)).toBe(true)
  await page.keyboard.type('https://user:secret@example.com')
  await dialog.getByText(/user name or password/).waitFor()
  await url.fill(receiver.url)
  await dialog.getByText(/user name or password/).waitFor({ state: 'detached' })

  await dialog.getByRole('checkbox', { name: 'task.*' }).check()
  expect(await dialog.getByRole('checkbox', { name: 'task.created' }).isChecked()).toBe(true)
  await dialog.getByRole('checkbox', { name: 'task.deleted' }).uncheck()
  const isMixed = (name: string) =>
    dialog.getByRole('checkbox', { name }).evaluate((box) => (box as HTMLInputElement).indeterminate)
  expect(await isMixed('task.*')).toBe(true)
  expect(await isMixed('All events')).toBe(true)

  await dialog.getByRole('radiogroup', { name: 'Schedule' }).getByRole('radio', { name: 'Custom' }).check()
  await dialog.getByRole('textbox', { name: 'Waits' }).fill('2s, 5x')
  await dialog.getByRole('textbox', { name: 'Description' }).fill('Billing')
  await dialog.getByRole('button', { name: 'Create', exact: true }).click()
  await dialog.getByText(/whole number and a unit/).waitFor()
  await expectAccessible(page)
  await dialog.getByRole('textbox', { name: 'Waits' }).fill('1s, 1s')
  await dialog.getByText('3 attempts in 2 s').waitFor()
  await dialog.getByRole('button', { name: 'Create', exact: true }).click()

  const created = page.getByRole('dialog', { name: 'Webhook created' })
  const secret = await created.getByRole('textbox', { name: 'Signing secret' }).inputValue()
  expect(secret).toMatch(/^whsec_/)
  await expectAccessible(page)
  await created.getByRole('radio', { name: 'Python' }).check()
  await created.getByText('import hashlib').waitFor()
  await created.getByRole('button', { name: 'Send test event' }).click()
  await created.getByRole('region', { name: 'Test result' }).getByText('Accepted').waitFor()
  const test = receiver.received.at(-1)
  const [, time, hex] = /t=(\d+),v1=([0-9a-f]+)/.exec(String(test?.headers['x-webhook-signature'])) ?? []
  expect(hex).toBe(createHmac('sha256', secret).update(`${time}.${test?.body}`).digest('hex'))

  await created.getByRole('button', { name: 'Done' }).click()
  const table = page.getByRole('table', { name: 'Webhooks' })
  await table.getByRole('link', { name: receiver.url }).waitFor()
  expect(await page.content()).not.toContain(secret)
})

it('Escape closes the dialog over the list and gives the focus back', async ({ open }) => {
  const page = await open('')
  const button = page.getByRole('button', { name: 'Create webhook' })
  await button.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Create webhook' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(new URL(page.url()).pathname).toBe(PAGE)
  await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true)
})

it('the skip link is the first stop and leads past the navigation', async ({ open }) => {
  const page = await open('')
  await page.getByRole('heading', { name: 'Webhooks', exact: true }).waitFor()
  await page.keyboard.press('Tab')
  const skip = page.getByRole('link', { name: 'Skip to content' })
  expect(await skip.evaluate((element) => element === document.activeElement)).toBe(true)
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true)
})
