// `npm run screenshots`: every view of the settings page, light and dark, wide and on a phone, in docs/screenshots.
// Starts the whole service on a data directory of its own and fills it with what a small company might have.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../test/support/chromium.ts'
import { fillCompany, type Company } from './screenshots/company.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDER = join(ROOT, 'docs/screenshots')
const READY_MS = 120_000

interface Running {
  apiUrl: string
  apiKey: string
  databaseUrl: string
}

interface View {
  name: string
  path: (company: Company) => string
  /** What to press before the picture is taken. */
  act?: (page: Page) => Promise<void>
}

const VIEWS: readonly View[] = [
  { name: 'list', path: () => '' },
  { name: 'create', path: () => '/new', act: fillForm },
  { name: 'created', path: () => '/new', act: createWebhook },
  { name: 'deliveries', path: ({ flaky }) => `/${flaky}/deliveries` },
  {
    name: 'delivery',
    path: ({ failing, failed }) => `/${failing}/deliveries?delivery=${failed}`,
    act: (page) => page.getByRole('button', { name: 'Attempt 3' }).click(),
  },
  { name: 'statistics', path: ({ flaky }) => `/${flaky}/statistics` },
  { name: 'settings', path: ({ flaky }) => `/${flaky}/settings` },
  {
    name: 'testing',
    path: ({ flaky }) => `/${flaky}/testing`,
    act: async (page) => {
      await page.getByRole('button', { name: 'Send test event' }).click()
      await page.getByRole('region', { name: 'Test result' }).waitFor()
    },
  },
  { name: 'alerts', path: () => '/alerts' },
  { name: 'api-keys', path: () => '/api-keys' },
  { name: 'audit-log', path: () => '/audit-log' },
]

const launch = await launchChromium()
if ('missing' in launch) throw new Error(launch.missing)
const dataDir = await mkdtemp(join(tmpdir(), 'postrider-screenshots-'))
const service = spawn(process.execPath, [join(ROOT, 'src/bin/start.ts')], {
  env: {
    ...process.env,
    PORT: '0',
    POSTRIDER_DATA_DIR: dataDir,
    POSTRIDER_TEMPORAL_UI_PORT: '0',
    LOG_LEVEL: 'error',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  const running = await waitUntilReady(service)
  const company = await fillCompany(running)
  await mkdir(FOLDER, { recursive: true })
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1280, 360])
      await photograph(launch.browser, running, company, { colorScheme, width })
  await company.stop()
} finally {
  await launch.browser.close()
  if (service.exitCode === null) {
    const exited = once(service, 'exit')
    service.kill('SIGTERM')
    await exited
  }
  await rm(dataDir, { recursive: true, force: true })
}
process.exit(0)

async function waitUntilReady(child: ChildProcess): Promise<Running> {
  const giveUpAt = Date.now() + READY_MS
  while (Date.now() < giveUpAt) {
    if (child.exitCode !== null) throw new Error('The service did not start.')
    const text = await readFile(join(dataDir, 'running.json'), 'utf8').catch(() => null)
    const running = text === null ? null : (JSON.parse(text) as Running)
    const isReady =
      running !== null &&
      (await fetch(`${running.apiUrl}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      ))
    if (isReady) return running
    await pause(200)
  }
  throw new Error('The service did not become ready in time.')
}

interface Look {
  colorScheme: 'light' | 'dark'
  width: number
}

async function photograph(
  browser: Browser,
  { apiUrl, apiKey }: Running,
  company: Company,
  look: Look,
): Promise<void> {
  const { colorScheme, width } = look
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 780 : 800 },
    colorScheme,
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
  })
  const page = await context.newPage()
  await page.goto(`${apiUrl}/settings/webhooks`)
  await page.getByLabel('API key').waitFor()
  await page.screenshot({ path: join(FOLDER, `sign-in-${colorScheme}-${width}.png`) })
  await page.getByLabel('API key').fill(apiKey)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('table', { name: 'Webhooks' }).waitFor()
  for (const { name, path, act } of VIEWS) {
    await page.goto(`${apiUrl}/settings/webhooks${path(company)}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
    await act?.(page)
    await page.waitForLoadState('networkidle')
    await page.mouse.move(0, 0)
    await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}-${width}.png`) })
  }
  await context.close()
}

async function fillForm(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Create webhook' })
  await dialog.getByRole('textbox', { name: 'Endpoint URL' }).fill('http://127.0.0.1:8080/hooks/postrider')
  await dialog.getByRole('textbox', { name: 'Description' }).fill('Planning')
  await dialog.getByRole('checkbox', { name: 'task.*' }).check()
  await dialog.getByRole('checkbox', { name: 'project.created' }).check()
}

async function createWebhook(page: Page): Promise<void> {
  await fillForm(page)
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.getByRole('dialog', { name: 'Webhook created' }).waitFor()
}
