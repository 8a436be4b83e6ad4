// `npm run bench`: runs scenarios, prints a table and a line of JSON for each, and fails when anything was lost.
import { appendFile } from 'node:fs/promises'

import { type Lab, openLab } from './lab/lab.ts'
import { type BenchOptions, readOptions } from './options.ts'
import { renderJsonLine } from './report/json-line.ts'
import { renderTable } from './report/table.ts'
import type { ScenarioResult } from './report/result.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { burst } from './scenarios/burst.ts'
import { comparisonWith } from './scenarios/compare.ts'
import { fanOut } from './scenarios/fan-out.ts'
import { ingest } from './scenarios/ingest.ts'
import { latency } from './scenarios/latency.ts'
import { manyWebhooks } from './scenarios/many-webhooks.ts'
import { outage } from './scenarios/outage.ts'
import { processes } from './scenarios/processes.ts'
import { recovery } from './scenarios/recovery.ts'
import { sleeping } from './scenarios/sleeping.ts'
import { slowEndpoint } from './scenarios/slow-endpoint.ts'
import { stored } from './scenarios/stored.ts'
import { throughput } from './scenarios/throughput.ts'

const SCENARIOS: readonly Scenario[] = [
  throughput,
  latency,
  ingest,
  fanOut,
  burst,
  slowEndpoint,
  sleeping,
  recovery,
  outage,
  stored,
  manyWebhooks,
  processes,
]

function choose({ scenarios, comparison }: BenchOptions): Scenario[] {
  if (comparison !== null) return [comparisonWith(comparison)]
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
  const options = await readOptions(process.argv.slice(2))
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
