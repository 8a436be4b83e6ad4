// `npm run bench:scaling [-- --per-day N] [--figures FILE] [--price P]`: what a day of so many deliveries asks for, from
// measured costs, recorded histories and a simulation of a day.
import { parseArgs } from 'node:util'

import { parseDurationMs } from '../src/domain/duration.ts'
import { NAMED_SCHEDULES } from '../src/domain/schedule.ts'
import { readFigures } from './report/figures-file.ts'
import { countHistory } from './scaling/history-counts.ts'
import { simulate, type SimulatedDay, type Traffic } from './scaling/simulation.ts'

const FIGURES = new URL('../docs/figures.jsonl', import.meta.url)
/** Dollars for a million actions, as Temporal Cloud listed them for small volumes in 2026. */
const PRICE_PER_MILLION = 50
/** No processor is planned to be busier than this in the busiest minute. */
const UTILISATION = 0.6
const TRAFFIC: Omit<Traffic, 'deliveriesPerDay'> = {
  peakFactor: 2,
  downShare: 0.01,
  downMinutes: 240,
  faultShare: 0.005,
  waitsMinutes: NAMED_SCHEDULES.standard.map((wait) => (parseDurationMs(wait) ?? 0) / 60_000),
  incident: { share: 0.05, minutes: 60 },
}

/** Processor microseconds of a delivery that succeeds at once, by part. */
interface Costs {
  readonly node: number
  readonly postgres: number
  readonly temporal: number
}

function readCosts(file: string | URL, lane: string): Costs {
  const settings = readFigures(file).get('throughput')?.settings['cpuMicrosecondsPerDelivery']
  const costs = (settings as Record<string, Record<string, number>> | undefined)?.[lane]
  if (costs === undefined) throw new Error(`The figures hold no costs of ${lane}: run npm run bench first.`)
  return { node: costs['start-1'] ?? 0, postgres: costs['postgres'] ?? 0, temporal: costs['temporal'] ?? 0 }
}

/** Cores for the busiest minute. A further attempt costs what its events cost, measured by the share of a first one's. */
function coresOf(day: SimulatedDay, first: Costs, further: Costs): Record<string, string> {
  const parts = ['node', 'postgres', 'temporal'] as const
  return Object.fromEntries(
    parts.map((part) => {
      const busy = (day.peakFirstPerSecond * first[part] + day.peakFurtherPerSecond * further[part]) / 1e6
      return [part, show(busy / UTILISATION)]
    }),
  )
}

function show(value: number): string {
  return value >= 10 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}

function main(): void {
  const { values } = parseArgs({
    options: { 'per-day': { type: 'string' }, figures: { type: 'string' }, price: { type: 'string' } },
  })
  const perDay = Number(values['per-day'] ?? 1e9)
  const price = Number(values.price ?? PRICE_PER_MILLION)
  const [quick, normal, retried] = ['succeeded-at-once-quick', 'succeeded-at-once', 'retried'].map(
    countHistory,
  )
  if (quick === undefined || normal === undefined || retried === undefined) throw new Error('No histories.')
  const furtherEvents = (retried.events - normal.events) / 2
  const furtherActions = (retried.actions - normal.actions) / 2
  const day = simulate({ ...TRAFFIC, deliveriesPerDay: perDay })
  console.log('Counted in recorded histories (events / billed actions):')
  console.log(`  success at once, quick      ${quick.events} / ${quick.actions}`)
  console.log(`  success at once, otherwise  ${normal.events} / ${normal.actions}`)
  console.log(`  each further attempt        ${furtherEvents} / ${furtherActions}`)
  console.log(`\nSimulated, ${show(perDay)} deliveries a day: ${JSON.stringify(TRAFFIC)}`)
  console.log(`  first attempts, busiest minute    ${show(day.peakFirstPerSecond)}/s`)
  console.log(`  further attempts, busiest minute  ${show(day.peakFurtherPerSecond)}/s`)
  console.log(`  further attempts in the day       ${show(day.furtherAttempts)}`)
  console.log(`  given up in the day               ${show(day.exhausted)}`)
  console.log(`  waiting at once, at most          ${show(day.peakWaiting)}`)

  const figures = values.figures ?? FIGURES
  const workflow = readCosts(figures, 'workflow')
  const scale = furtherEvents / quick.events
  const further = {
    node: workflow.node * scale,
    postgres: workflow.postgres * scale,
    temporal: workflow.temporal * scale,
  }
  const furtherShare = day.furtherAttempts / day.firstAttempts
  for (const lane of ['workflow', 'direct'] as const) {
    const cores = coresOf(day, readCosts(figures, lane), further)
    // In the direct lane only what fails at first has a workflow, whose start is one action.
    const firstActions = lane === 'workflow' ? quick.actions : day.failedFirst / day.firstAttempts
    const perMillion = firstActions + furtherShare * furtherActions
    console.log(
      `\n${lane}: cores in the busiest minute, ${UTILISATION * 100} % busy: ${JSON.stringify(cores)}`,
    )
    console.log(
      `  ${perMillion.toFixed(2)} million actions, $${(perMillion * price).toFixed(2)}, for a million deliveries`,
    )
  }
}

main()
