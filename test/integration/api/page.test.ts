import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startTestApi, type TestApi } from '../../support/api.ts'
import { launchChromium } from '../../support/chromium.ts'

let directory: string
let api: TestApi
let browser: Browser | undefined
let missing = ''

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postrider-page-'))
  await mkdir(join(directory, 'assets'))
  await writeFile(
    join(directory, 'index.html'),
    '<meta name="csp-nonce" content="__CSP_NONCE__"><p nonce="__CSP_NONCE__">page</p>',
  )
  await writeFile(join(directory, 'assets/app-1a2b.js'), 'export {}')
  await writeFile(join(directory, 'secret.txt'), 'not an asset')
  api = await startTestApi({ pageDirectory: directory })
  const launched = await launchChromium()
  if ('browser' in launched) browser = launched.browser
  else missing = launched.missing
})
afterAll(async () => {
  await browser?.close()
  await api[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

describe('the settings page', () => {
  it.each([
    '',
    '/',
    '/new',
    '/0197c1a2-3b4c-7d5e-8f60-718293a4b5c6/deliveries?state=failed',
    '/alerts',
    '/a/b/c',
  ])('answers its document for its own path %j, with a nonce of this very answer', async (path) => {
    const answers = [
      await api.call('GET', `/settings/webhooks${path}`, { key: null }),
      await api.call('GET', `/settings/webhooks${path}`, { key: null }),
    ]
    const nonces = answers.map((answer) => {
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(answer.headers.get('cache-control')).toBe('no-store')
      const policy = answer.headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'self'")
      expect(policy).toContain("frame-ancestors 'none'")
      const nonce = /style-src 'self' 'nonce-([^']+)'/.exec(policy)?.[1] ?? ''
      expect(answer.text.split(nonce)).toHaveLength(3)
      return nonce
    })
    expect(nonces[0]).not.toBe(nonces[1])
  })

  it('keeps its assets for good, and nothing else of its folder', async () => {
    const asset = await api.call('GET', '/settings/webhooks/assets/app-1a2b.js', { key: null })
    expect([asset.status, asset.text]).toEqual([200, 'export {}'])
    expect(asset.headers.get('cache-control')).toContain('immutable')
    expect(asset.headers.get('content-type')).toContain('javascript')
    for (const path of [
      'assets/missing.js',
      'assets/..%2fsecret.txt',
      'assets/%2e%2e/secret.txt',
      'assets/',
    ]) {
      const answer = await api.call('GET', `/settings/webhooks/${path}`, { key: null })
      expect(answer.text, path).not.toContain('not an asset')
      expect(answer.status, path).not.toBe(500)
    }
    expect((await api.call('GET', '/settings/webhooks/assets/missing.js', { key: null })).status).toBe(404)
  })
})

describe('the browsable description', () => {
  it(
    'shows the operations and calls them, without breaking its own policy',
    { timeout: 120_000 },
    async (context) => {
      if (browser === undefined) {
        context.skip(missing)
        return
      }
      const page = await browser.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      page.on('requestfailed', (request) => complaints.push(request.url()))
      await page.goto(`${api.url}/docs/`)
      await page.getByText('/api/v1/event-types').waitFor()
      await page.getByRole('button', { name: 'Authorize' }).first().click()
      await page.getByLabel('Value').fill(api.key)
      await page.getByRole('button', { name: 'Apply credentials' }).click()
      await page.getByRole('button', { name: 'Close' }).click()
      await page.locator('#operations-Event_types-listEventTypes').getByRole('button').first().click()
      await page.getByRole('button', { name: 'Try it out' }).click()
      await page.getByRole('button', { name: 'Execute' }).click()
      await page.getByText('A task was created.').first().waitFor()
      expect(complaints).toEqual([])
      await page.close()
    },
  )
})

describe('/metrics', () => {
  it('counts requests by route', async () => {
    await api.call('GET', '/api/v1/webhooks')
    await api.call('GET', '/nowhere')
    const { text } = await api.call('GET', '/metrics', { key: null })
    expect(text).toMatch(
      /postrider_http_requests_total\{method="GET",route="\/api\/v1\/webhooks",status="200"\} 1/,
    )
    expect(text).not.toContain('/nowhere')
  })
})
