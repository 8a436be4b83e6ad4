import { showNumber } from './numbers.ts'
import { ratiosOf, type Row, type ScenarioResult, type Spread, spreadOf } from './result.ts'

const COLUMNS = ['', 'median', 'min', 'max', 'unit', 'against'] as const

/** A scenario's result for people. */
export function renderTable(scenario: string, { rows, settings, faults, remarks }: ScenarioResult): string {
  const lines = [COLUMNS, ...rows.map(cellsOf)]
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)))
  const table = lines.map((cells) =>
    cells
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .join('  ')
      .trimEnd(),
  )
  const settingsLine = Object.entries(settings)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(', ')
  return [
    `── ${scenario} ${'─'.repeat(Math.max(0, 60 - scenario.length))}`,
    settingsLine,
    ...table,
    ...remarks.map((remark) => `   ${remark}`),
    ...faults.map((fault) => `!! ${fault}`),
    '',
  ].join('\n')
}

function pad(cell: string, width: number, column: number): string {
  return column >= 1 && column <= 3 ? cell.padStart(width) : cell.padEnd(width)
}

function cellsOf(row: Row): string[] {
  const { median, min, max } = spreadOf(row.values)
  return [row.label, showNumber(median), showNumber(min), showNumber(max), row.unit, showRatio(row)]
}

function showRatio(row: Row): string {
  if (row.against === undefined) return ''
  const { median, min, max }: Spread = spreadOf(ratiosOf(row))
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)}) × ${row.against.label}`
}
