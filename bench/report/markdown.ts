import type { FiguresLine } from './figures-file.ts'
import { showNumber } from './numbers.ts'

type FiguresRow = FiguresLine['rows'][number]

/** The figures of a scenario as a Markdown table, with the command's settings above and its remarks below. */
export function renderMarkdown({ at, rows, settings, remarks }: FiguresLine): string {
  const { rounds, seconds, warmUpSeconds } = settings
  const lines = [
    `${at.slice(0, 10)}: rounds ${String(rounds)}, seconds ${String(seconds)}, warm-up ${String(warmUpSeconds)}`,
    '',
    '| | median | min–max | unit | against |',
    '| --- | ---: | ---: | --- | --- |',
    ...rows.map((row) => `| ${cellsOf(row).join(' | ')} |`),
    ...remarks.flatMap((remark) => ['', remark]),
  ]
  return lines.join('\n')
}

function cellsOf({ label, median, min, max, unit, against, ratio }: FiguresRow): string[] {
  const compared =
    ratio === undefined
      ? ''
      : `**${ratio.median.toFixed(2)}** (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}) × ${against ?? ''}`
  return [label, showNumber(median), `${showNumber(min)}–${showNumber(max)}`, unit, compared]
}
