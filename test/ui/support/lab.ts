import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium } from '../../support/chromium.ts'
import { startTestService, type TestService } from '../../support/service.ts'
import { startReceiver, type Receiver } from './receiver.ts'

export const PAGE = '/settings/webhooks'

export interface Lab extends AsyncDisposable {
  service: TestService
  receiver: Receiver
  /** A signed-in page in a browser profile of its own. */
  open(path: string, options?: OpenOptions): Promise<Page>
  /** What the browsers complained about: scripts' errors and breaches of the content security policy. */
  complaints: string[]
}

interface OpenOptions extends BrowserContextOptions {
  /** Signs in with the operator's key unless told otherwise. */
  key?: string | null
}

/** The real service, a receiver and a browser; or, in one sentence, why there is no browser. */
async function startLab(): Promise<Lab | { missing: string }> {
  const launch = await launchChromium()
  if ('missing' in launch) return launch
  const [service, receiver] = await Promise.all([startTestService(), startReceiver()])
  const complaints: string[] = []
  return {
    service,
    receiver,
    complaints,
    open: (path, options = {}) => openPage(launch.browser, service, complaints, path, options),
    async [Symbol.asyncDispose]() {
      await launch.browser.close()
      await service.stop()
      await receiver[Symbol.asyncDispose]()
    },
  }
}

async function openPage(
  browser: Browser,
  service: TestService,
  complaints: string[],
  path: string,
  { key = service.key, ...options }: OpenOptions,
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(`${path}: ${error.message}`))
  page.on('console', (message) => {
    // The browser itself notes each answer that is no 2xx; the page expects some and shows them.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(`${path}: ${message.text()}`)
  })
  if (key !== null) {
    const signedIn = await context.request.post(`${service.url}/api/v1/session`, {
      data: { apiKey: key },
      headers: { origin: service.url, 'x-postrider-csrf': '1', 'sec-fetch-site': 'same-origin' },
    })
    expect(signedIn.status()).toBe(200)
  }
  await page.goto(`${service.url}${PAGE}${path}`)
  return page
}

type LabTest = (name: string, run: (lab: Lab) => Promise<void>) => void

/** Tests that share a lab of their file; skipped by name where no browser can be had. */
export function labTests(): LabTest {
  let lab: Lab | { missing: string } | undefined
  beforeAll(async () => {
    lab = await startLab()
  })
  afterAll(async () => {
    if (lab !== undefined && !('missing' in lab)) await lab[Symbol.asyncDispose]()
  })
  return (name, run) => {
    test(name, async (context) => {
      if (lab === undefined) throw new Error('The lab did not start.')
      if ('missing' in lab) {
        context.skip(lab.missing)
        return
      }
      await run(lab)
      expect(lab.complaints).toEqual([])
    })
  }
}

/** Nothing that keeps somebody from using what is shown now. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([])
}

/** Nothing reaches over the right edge, where a phone would cut it off. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const overhang = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overhang).toBe(0)
}
