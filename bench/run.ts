// `npm run bench`: runs scenarios, prints a table and a line of JSON for each, and fails when anything was lost.
import { appendFile } from 'node:fs/promises'

import { type Lab, openLab } from './lab/lab.ts'
import { type BenchOptions, readOptions } from './options.ts'
import { renderJsonLine } from './report/json-line.ts'
import { renderTable } from './report/table.ts'
import type { ScenarioResult } from './report/result.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { throughput } from './scenarios/throughput.ts'

const SCENARIOS: readonly Scenario[] = [throughput]

function choose({ scenarios }: BenchOptions): Scenario[] {
  if (scenarios.length === 0) return SCENARIOS.filter(({ isUsual }) => isUsual)
  return scenarios.map((name) => {
    const scenario = SCENARIOS.find((each) => each.name === name)
    if (scenario !== undefined) return scenario
    const known = SCENARIOS.map((each) => `  ${each.name.padEnd(16)}${each.question}`).join('\n')
    throw new Error(`There is no scenario ${name}. There are:\n${known}`)
  })
}

async function runAll(lab: Lab, scenarios: readonly Scenario[]): Promise<boolean> {
  let isSound = true
  for (const scenario of scenarios) {
    const measured = await scenario.run(lab)
    const { rounds, seconds, warmUpSeconds, isQuick } = lab.options
    const result: ScenarioResult = {
      ...measured,
      settings: { rounds, seconds, warmUpSeconds, ...(isQuick && { isQuick }), ...measured.settings },
    }
    const line = renderJsonLine(scenario.name, lab.machine, result)
    process.stdout.write(`${line}\n${renderTable(scenario.name, result)}\n`)
    if (lab.options.outputFile !== null) await appendFile(lab.options.outputFile, `${line}\n`)
    isSound &&= result.faults.length === 0
  }
  return isSound
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  const scenarios = choose(options)
  await using resources = new AsyncDisposableStack()
  const lab = await openLab(options, resources)
  if (!(await runAll(lab, scenarios))) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
