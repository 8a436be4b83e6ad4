import { setTimeout as sleep } from 'node:timers/promises'

import { countingEndpoints, type RunningServiceContender, SECRET, startServiceFor } from '../lab/contender.ts'
import type { Lab } from '../lab/lab.ts'
import { aim, settle } from '../lab/measurement.ts'
import type { FirstAttempt, Layout } from '../lab/service.ts'
import { faultsOf } from '../report/figures.ts'
import type { Scenario } from './scenario.ts'

const PATH = '/w/0'
const TYPE = 'task.created'
const CONCURRENCY = 64
const CONNECTIONS = 32
const KILLS = 10
const QUICK_KILLS = 2
/** How long the processes live between two kills; different every time, so that they die in different moments. */
const LIFE_MS_MIN = 1_500
const LIFE_MS_MAX = 3_500
/** A lease or a workflow task of a dead process must run out first. */
const DRAIN_MS = 180_000

const LANES: readonly { firstAttempt: FirstAttempt; layout: Layout; window: number }[] = [
  { firstAttempt: 'direct', layout: { kind: 'one' }, window: 500 },
  { firstAttempt: 'workflow', layout: { kind: 'apart', apis: 1, workers: 1 }, window: 60 },
]

export const recovery: Scenario = {
  name: 'recovery',
  question: 'What is lost or doubled when the processes are killed with SIGKILL under full load?',
  isUsual: false,
  async run(lab) {
    const runs: [FirstAttempt, Run][] = []
    for (const lane of LANES) runs.push([lane.firstAttempt, await runKills(lab, lane)])
    const rows = runs.flatMap(([lane, { lost, doubled, accepted, drainSeconds }]) => [
      { label: `${lane}: accepted`, unit: 'events', values: [accepted] },
      { label: `${lane}: lost`, unit: 'deliveries', values: [lost] },
      { label: `${lane}: came more than once`, unit: 'deliveries', values: [doubled] },
      { label: `${lane}: all there after the last kill`, unit: 's', values: [drainSeconds] },
    ])
    return {
      rows,
      settings: { kills: killsOf(lab), concurrency: CONCURRENCY, lanes: LANES },
      faults: runs.flatMap(([, { faults }]) => faults),
      remarks: [
        `A delivery may come twice when its process dies between the answer and the record: at most ${CONCURRENCY} a kill are in flight.`,
        ...runs.map(
          ([lane, { others }]) => `${lane}: requests that met a dead process: ${JSON.stringify(others)}`,
        ),
      ],
    }
  },
}

interface Run {
  readonly accepted: number
  readonly lost: number
  readonly doubled: number
  readonly drainSeconds: number
  readonly others: Readonly<Record<string, number>>
  readonly faults: readonly string[]
}

function killsOf({ options }: Lab): number {
  return options.isQuick ? QUICK_KILLS : KILLS
}

async function runKills(lab: Lab, { firstAttempt, layout, window }: (typeof LANES)[number]): Promise<Run> {
  await using resources = new AsyncDisposableStack()
  const running = await startServiceFor(lab, resources, {
    firstAttempt,
    layout,
    webhooks: { [PATH]: { events: [TYPE], concurrency: CONCURRENCY } },
  })
  await aim(lab, running, {
    endpoints: countingEndpoints([PATH], SECRET),
    shape: { kind: 'postrider', type: TYPE, dataBytes: 1_000, batch: 1 },
    connections: CONNECTIONS,
  })
  await lab.load.calls.start({
    inFlight: CONNECTIONS,
    window,
    fanOut: 1,
    eventsPerSecond: null,
    events: null,
  })
  for (let kill = 1; kill <= killsOf(lab); kill += 1) {
    await sleep(LIFE_MS_MIN + Math.random() * (LIFE_MS_MAX - LIFE_MS_MIN))
    lab.say(`recovery, ${firstAttempt}: kill ${kill}`)
    await killAll(running)
  }
  const lastKillMs = performance.now()
  await sleep(LIFE_MS_MAX)
  await lab.load.calls.stop(undefined)
  const settlement = await settle(lab, [PATH], DRAIN_MS)
  const { accepted, balance, signatures, others } = settlement
  // Doubles are what a kill may cost; only losses and bad signatures make the run a failure.
  const faults = faultsOf(firstAttempt, { accepted, signatures, balance: { ...balance, doubled: 0 } })
  const drainSeconds = (performance.now() - lastKillMs) / 1_000
  return { accepted, lost: balance.lost, doubled: balance.doubled, drainSeconds, others, faults }
}

async function killAll({ service }: RunningServiceContender): Promise<void> {
  await Promise.all(service.parts.map((part) => part.kill()))
  await Promise.all(service.parts.map((part) => part.restart()))
}
