import type { Machine } from '../lab/machine.ts'
import { ratiosOf, type ScenarioResult, spreadOf } from './result.ts'

/** A scenario's result for programs: one line of JSON. */
export function renderJsonLine(scenario: string, machine: Machine, result: ScenarioResult): string {
  const rows = result.rows.map((row) => ({
    label: row.label,
    unit: row.unit,
    ...spreadOf(row.values),
    values: row.values,
    ...(row.against && { against: row.against.label, ratio: spreadOf(ratiosOf(row)) }),
  }))
  return JSON.stringify({ scenario, at: new Date().toISOString(), machine, ...result, rows })
}
