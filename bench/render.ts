// `npm run bench:render`: writes the tables and charts of docs/performance.md from docs/figures.jsonl, which holds what
// `npm run bench -- --output docs/figures.jsonl` has added to it.
import { readFileSync, writeFileSync } from 'node:fs'

import { format, resolveConfig } from 'prettier'

import { renderChart } from './report/chart.ts'
import { readFigures } from './report/figures-file.ts'
import { chartFile, CHARTS, renderPage } from './report/page.ts'

const DOCS = new URL('../docs/', import.meta.url)
const PAGE = new URL('performance.md', DOCS)

const figures = readFigures(new URL('figures.jsonl', DOCS))
for (const [scenario, unit] of Object.entries(CHARTS)) {
  const line = figures.get(scenario)
  if (line !== undefined) writeFileSync(new URL(chartFile(scenario), DOCS), renderChart(line, unit))
}
const page = renderPage(readFileSync(PAGE, 'utf8'), figures)
const config = await resolveConfig(PAGE)
writeFileSync(PAGE, await format(page, { ...config, parser: 'markdown' }))
