// `node scripts/temporal-screenshots.ts`: the pictures of Temporal's Web UI in docs/operating-with-temporal.md, taken of
// real runs on a server of their own.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { Browser } from 'playwright-core'

import { launchChromium } from '../test/support/chromium.ts'
import { startTestTemporal } from '../test/support/local-servers.ts'
import {
  type DeliveryLab,
  historyOf,
  openLab,
  timersIn,
  until,
} from '../test/workflows/support/delivery-lab.ts'
import { RETRY_SIGNAL_WAIT_MS, TASK_QUEUE } from '../workflows/contract.ts'

const FOLDER = join(import.meta.dirname, '..', 'docs', 'images')
const VIEWPORT = { width: 1280, height: 960 }

const launched = await launchChromium()
if ('missing' in launched) {
  console.error(`No pictures: ${launched.missing}.`)
  process.exit(1)
}
const { browser } = launched
const server = await startTestTemporal({ hasUi: true })
try {
  await mkdir(FOLDER, { recursive: true })
  await using lab = await openLab(server.address, {
    taskQueue: TASK_QUEUE,
    retrySignalWaitMs: RETRY_SIGNAL_WAIT_MS,
  })
  const base = `${server.uiUrl ?? ''}/namespaces/default/workflows`
  await shoot(browser, `${base}/${await sleeping(lab)}`, 'temporal-sleeping.png')
  await shoot(browser, `${base}/${await exhausted(lab)}`, 'temporal-exhausted.png')
  await shoot(browser, `${base}/${await retried(lab)}`, 'temporal-retried.png')
} finally {
  await browser.close()
  await server.stop()
}

async function sleeping(lab: DeliveryLab): Promise<string> {
  const { row, delivery, handle } = lab.add({ schedule: ['1s', '30m', '2h', '12h'], post: () => 503 })
  await lab.starter.start([delivery])
  await until(() => row.attempts.length === 2)
  await until(async () => timersIn(await historyOf(handle)).length === 2)
  return handle.workflowId
}

async function exhausted(lab: DeliveryLab): Promise<string> {
  const { row, delivery, handle } = lab.add({ schedule: ['1s', '1s'], post: () => 500 })
  await lab.starter.start([delivery])
  await until(() => row.state === 'failed')
  await until(async () => timersIn(await historyOf(handle)).length === 3)
  return handle.workflowId
}

async function retried(lab: DeliveryLab): Promise<string> {
  const { row, delivery, handle } = lab.add({ schedule: ['1s'], post: (number) => (number < 3 ? 500 : 200) })
  await lab.starter.start([delivery])
  await until(async () => timersIn(await historyOf(handle)).length === 2)
  row.retryRequestedAt = new Date()
  await lab.starter.signalRetry(delivery, row.retryRequestedAt)
  await handle.result()
  return handle.workflowId
}

async function shoot(from: Browser, url: string, name: string): Promise<void> {
  const page = await from.newPage({ viewport: VIEWPORT })
  await page.goto(url, { waitUntil: 'load' })
  await page.getByText('deliver', { exact: false }).first().waitFor()
  // The Web UI draws its timeline bit by bit and never stops asking for more, so there is no event to wait for.
  await page.waitForTimeout(4_000)
  await page.screenshot({ path: join(FOLDER, name) })
  await page.close()
  console.log(`${name} of ${url}`)
}
