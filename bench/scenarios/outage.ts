import { setTimeout as sleep } from 'node:timers/promises'

import { countingEndpoints, SECRET, startServiceFor } from '../lab/contender.ts'
import type { Lab } from '../lab/lab.ts'
import { aim, settle } from '../lab/measurement.ts'
import type { FirstAttempt } from '../lab/service.ts'
import { faultsOf } from '../report/figures.ts'
import { percentile, type Row } from '../report/result.ts'
import type { Scenario } from './scenario.ts'

const PATHS = ['/w/0', '/w/1', '/w/2', '/w/3']
const TYPE = 'task.created'
const EVENTS_PER_SECOND = 50
const OUTAGE_SECONDS = 60
const QUICK_OUTAGE_SECONDS = 6
const DRAIN_MS = 120_000

/** Two hundred deliveries a second to four healthy webhooks while Temporal is killed and stays away. */
export const outage: Scenario = {
  name: 'outage',
  question: 'What do healthy webhooks notice when Temporal is away for a minute?',
  isUsual: false,
  async run(lab) {
    const rows: Row[] = []
    const faults: string[] = []
    for (const firstAttempt of ['direct', 'auto'] as const) {
      lab.say(`outage: ${firstAttempt}`)
      const run = await runOutage(lab, firstAttempt)
      rows.push(...rowsOf(firstAttempt, run.phases))
      faults.push(...run.faults)
    }
    return {
      rows,
      settings: {
        deliveriesPerSecond: EVENTS_PER_SECOND * PATHS.length,
        outageSeconds: outageSecondsOf(lab),
      },
      faults,
      remarks: [],
    }
  },
}

interface Phase {
  readonly name: 'before' | 'during' | 'after'
  readonly latenciesMs: Float64Array
}

function outageSecondsOf({ options }: Lab): number {
  return options.isQuick ? QUICK_OUTAGE_SECONDS : OUTAGE_SECONDS
}

async function runOutage(
  lab: Lab,
  firstAttempt: FirstAttempt,
): Promise<{ phases: Phase[]; faults: string[] }> {
  await using resources = new AsyncDisposableStack()
  const running = await startServiceFor(lab, resources, {
    firstAttempt,
    layout: { kind: 'one' },
    webhooks: Object.fromEntries(PATHS.map((path) => [path, { events: [TYPE], concurrency: 32 }])),
  })
  await aim(lab, running, {
    endpoints: countingEndpoints(PATHS, SECRET),
    shape: { kind: 'postrider', type: TYPE, dataBytes: 1_000, batch: 1 },
    connections: 32,
  })
  const plan = {
    inFlight: 500,
    window: null,
    fanOut: PATHS.length,
    eventsPerSecond: EVENTS_PER_SECOND,
    events: null,
  }
  await lab.load.calls.start(plan)
  await sleep(1_000 * lab.options.warmUpSeconds)
  const before = await listen(lab, lab.options.seconds)
  await running.temporal.kill()
  const during = await listen(lab, outageSecondsOf(lab))
  await running.temporal.restart()
  const after = await listen(lab, lab.options.seconds)
  await lab.load.calls.stop(undefined)
  const settlement = await settle(lab, PATHS, DRAIN_MS)
  return {
    phases: [
      { name: 'before', latenciesMs: before },
      { name: 'during', latenciesMs: during },
      { name: 'after', latenciesMs: after },
    ],
    faults: faultsOf(firstAttempt, settlement),
  }
}

async function listen(lab: Lab, seconds: number): Promise<Float64Array> {
  const { samples } = await lab.receiver.calls.mark(undefined)
  await sleep(1_000 * seconds)
  return lab.receiver.calls.latenciesSince(samples)
}

function rowsOf(lane: FirstAttempt, phases: readonly Phase[]): Row[] {
  return phases.flatMap(({ name, latenciesMs }) => [
    { label: `${lane}, ${name}: arrived`, unit: 'deliveries', values: [latenciesMs.length] },
    { label: `${lane}, ${name}: p50`, unit: 'ms', values: [percentile(latenciesMs, 0.5)] },
    { label: `${lane}, ${name}: p99`, unit: 'ms', values: [percentile(latenciesMs, 0.99)] },
    { label: `${lane}, ${name}: longest`, unit: 'ms', values: [percentile(latenciesMs, 1)] },
  ])
}
