import { readFileSync } from 'node:fs'

import { format, resolveConfig } from 'prettier'
import { expect, test } from 'vitest'

import { readFigures } from '../../../bench/report/figures-file.ts'
import { renderPage } from '../../../bench/report/page.ts'

const DOCS = new URL('../../../docs/', import.meta.url)
const PAGE = new URL('performance.md', DOCS)

test('the figures of docs/performance.md are those that the benchmark has written', async () => {
  const page = readFileSync(PAGE, 'utf8')
  const rendered = renderPage(page, readFigures(new URL('figures.jsonl', DOCS)))
  const config = await resolveConfig(PAGE)
  expect(page).toBe(await format(rendered, { ...config, parser: 'markdown' }))
})

test('a table of a scenario has its median, spread and ratio', () => {
  const line = {
    scenario: 'latency',
    at: '2026-01-02T03:04:05.000Z',
    machine: {},
    rows: [
      {
        label: 'direct',
        unit: 'ms',
        median: 2.5,
        min: 2,
        max: 1_234.5,
        against: 'bare loop',
        ratio: { median: 1.5, min: 1.25, max: 2 },
      },
    ],
    settings: { rounds: 3, seconds: 8, warmUpSeconds: 4 },
    remarks: ['Something to know.'],
  }
  const page = 'before\n<!-- figures: latency -->\nold\n<!-- end -->\nafter'
  const rendered = renderPage(page, new Map([['latency', line]]))
  expect(rendered).toContain('| direct | 2.50 | 2–1,235 | ms | **1.50** (1.25–2.00) × bare loop |')
  expect(rendered).toContain('Something to know.')
  expect(rendered).not.toContain('old')
  expect(renderPage(page, new Map())).toContain('Not measured yet.')
})
