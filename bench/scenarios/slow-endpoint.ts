import { setTimeout as sleep } from 'node:timers/promises'

import { countingEndpoints, type RunningServiceContender, SECRET, startServiceFor } from '../lab/contender.ts'
import type { Lab, Load } from '../lab/lab.ts'
import { aim, settle } from '../lab/measurement.ts'
import type { Endpoint } from '../lab/receiver-process.ts'
import { faultsOf } from '../report/figures.ts'
import { percentile, type Row } from '../report/result.ts'
import type { Scenario } from './scenario.ts'

const HEALTHY = '/w/0'
const HANGING_WEBHOOKS = 100
const SECONDS_FACTOR = 4
/** Long enough that the first attempts at the hanging ones have timed out, and some breakers have opened. */
const HANGING_WARM_UP_SECONDS = 25
const ROUNDS_MAX = 3
const DRAIN_MS = 60_000

const LANES = {
  direct: { healthyPerSecond: 50, hangingEventsPerSecond: 1 },
  workflow: { healthyPerSecond: 15, hangingEventsPerSecond: 0.1 },
} as const
type Lane = keyof typeof LANES

export const slowEndpoint: Scenario = {
  name: 'slow-endpoint',
  question: `What does a healthy webhook notice of ${HANGING_WEBHOOKS} that hang?`,
  isUsual: true,
  async run(lab) {
    const hangingLoad = lab.openLoad()
    const rounds = Math.min(ROUNDS_MAX, lab.options.rounds)
    const runs: Record<Lane, Pair[]> = { direct: [], workflow: [] }
    for (let round = 1; round <= rounds; round += 1)
      for (const lane of ['direct', 'workflow'] as const) {
        lab.say(`slow-endpoint, round ${round}: ${lane}`)
        runs[lane].push(await runPair(lab, hangingLoad, lane))
      }
    return {
      rows: (['direct', 'workflow'] as const).flatMap((lane) => rowsOf(lane, runs[lane])),
      settings: { hangingWebhooks: HANGING_WEBHOOKS, lanes: LANES },
      faults: Object.values(runs).flatMap((pairs) => pairs.flatMap(({ faults }) => faults)),
      remarks: [],
    }
  },
}

interface Pair {
  readonly aloneMs: Float64Array
  readonly besideMs: Float64Array
  readonly faults: readonly string[]
}

/** The healthy webhook alone, then with the others beside it, in the same processes. */
async function runPair(lab: Lab, hangingLoad: Load, lane: Lane): Promise<Pair> {
  await using resources = new AsyncDisposableStack()
  const hanging = Array.from({ length: HANGING_WEBHOOKS }, (_, index) => `/hang/${index}`)
  const running = await startServiceFor(lab, resources, {
    firstAttempt: lane,
    layout: { kind: 'one' },
    webhooks: {
      [HEALTHY]: { events: ['task.created'] },
      ...Object.fromEntries(hanging.map((path) => [path, { events: ['project.created'] }])),
    },
  })
  const endpoints = {
    ...countingEndpoints([HEALTHY], SECRET),
    ...Object.fromEntries(
      hanging.map((path): [string, Endpoint] => [path, { behaviour: 'hang', secret: null }]),
    ),
  }
  const shape = { kind: 'postrider', type: 'task.created', dataBytes: 1_000, batch: 1 } as const
  await aim(lab, running, { endpoints, shape, connections: 16 })
  await publishAt(lab.load, LANES[lane].healthyPerSecond)
  await sleep(1_000 * lab.options.warmUpSeconds)
  const aloneMs = await listen(lab)
  await aimHanging(hangingLoad, running)
  await publishAt(hangingLoad, LANES[lane].hangingEventsPerSecond)
  await sleep(1_000 * (lab.options.isQuick ? 3 : HANGING_WARM_UP_SECONDS))
  const besideMs = await listen(lab)
  await hangingLoad.calls.stop(undefined)
  await lab.load.calls.stop(undefined)
  const settlement = await settle(lab, [HEALTHY], DRAIN_MS)
  return { aloneMs, besideMs, faults: faultsOf(lane, settlement) }
}

async function publishAt(load: Load, eventsPerSecond: number): Promise<void> {
  await load.calls.start({ inFlight: 500, window: null, fanOut: 1, eventsPerSecond, events: null })
}

async function aimHanging(load: Load, { urls, headers }: RunningServiceContender): Promise<void> {
  const shape = { kind: 'postrider', type: 'project.created', dataBytes: 1_000, batch: 1 } as const
  await load.calls.aim({ urls, headers, connections: 8, shape })
}

async function listen(lab: Lab): Promise<Float64Array> {
  const { samples } = await lab.receiver.calls.mark(undefined)
  await sleep(1_000 * SECONDS_FACTOR * lab.options.seconds)
  return lab.receiver.calls.latenciesSince(samples)
}

function rowsOf(lane: Lane, pairs: readonly Pair[]): Row[] {
  return ([0.5, 0.99, 1] as const).flatMap((share) => {
    const name = share === 1 ? 'longest' : `p${share * 100}`
    const alone = { label: 'alone', values: pairs.map(({ aloneMs }) => percentile(aloneMs, share)) }
    const beside = pairs.map(({ besideMs }) => percentile(besideMs, share))
    return [
      { label: `${lane} alone: ${name}`, unit: 'ms', values: alone.values },
      { label: `${lane} beside: ${name}`, unit: 'ms', values: beside, against: alone },
    ]
  })
}
