import type { FiguresLine } from './figures-file.ts'
import { showNumber } from './numbers.ts'

const WIDTH = 760
const LABELS = 250
const BAR = 18
const STEP = 30
const TOP = 16

/** The rows of a scenario that have one unit as bars: the median, with a line from the least to the greatest. */
export function renderChart({ scenario, rows }: FiguresLine, unit: string): string {
  const shown = rows.filter((row) => row.unit === unit)
  const greatest = Math.max(...shown.map(({ max }) => max))
  const scale = (WIDTH - LABELS - 90) / greatest
  const bars = shown.map(({ label, median, min, max }, index) => {
    const y = TOP + index * STEP
    const middle = y + BAR / 2
    const at = (value: number) => round(LABELS + value * scale)
    return [
      `<text x="${LABELS - 8}" y="${middle}" text-anchor="end" dominant-baseline="central">${escape(label)}</text>`,
      `<rect x="${LABELS}" y="${y}" width="${round(median * scale)}" height="${BAR}" fill="#4263eb" />`,
      `<line x1="${at(min)}" x2="${at(max)}" y1="${middle}" y2="${middle}" stroke="#f08c00" stroke-width="3" />`,
      `<text x="${at(max) + 8}" y="${middle}" dominant-baseline="central">${showNumber(median)} ${unit}</text>`,
    ].join('\n')
  })
  const height = TOP + shown.length * STEP
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${scenario}"`,
    '  font-family="sans-serif" font-size="13" fill="#495057">',
    ...bars,
    '</svg>',
    '',
  ].join('\n')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
