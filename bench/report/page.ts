import type { FiguresLine } from './figures-file.ts'
import { renderMarkdown } from './markdown.ts'

/** The scenarios that have a chart, each with the unit whose rows it shows. */
export const CHARTS: Readonly<Record<string, string>> = {
  throughput: 'deliveries/s',
  latency: 'ms',
  'slow-endpoint': 'ms',
}

const PLACE = /<!-- figures: ([a-z-]+) -->[\s\S]*?<!-- end -->/g

export function chartFile(scenario: string): string {
  return `images/bench-${scenario}.svg`
}

/** Fills every `<!-- figures: NAME -->` … `<!-- end -->` of a page with that scenario's table and chart. */
export function renderPage(page: string, figures: ReadonlyMap<string, FiguresLine>): string {
  return page.replaceAll(PLACE, (_, scenario: string) => {
    const line = figures.get(scenario)
    return `<!-- figures: ${scenario} -->\n\n${line === undefined ? 'Not measured yet.' : renderPart(line)}\n\n<!-- end -->`
  })
}

function renderPart(line: FiguresLine): string {
  const unit = CHARTS[line.scenario]
  const chart = unit === undefined ? '' : `\n\n![${line.scenario}, ${unit}](${chartFile(line.scenario)})`
  return renderMarkdown(line) + chart
}
