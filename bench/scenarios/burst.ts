import { setTimeout as sleep } from 'node:timers/promises'

import { countingEndpoints, type RunningServiceContender, SECRET, startServiceFor } from '../lab/contender.ts'
import { type Lab, waitUntil } from '../lab/lab.ts'
import { aim, settle } from '../lab/measurement.ts'
import { onServer } from '../lab/servers.ts'
import type { FirstAttempt } from '../lab/service.ts'
import { faultsOf } from '../report/figures.ts'
import type { Row } from '../report/result.ts'
import type { Scenario } from './scenario.ts'

const PATH = '/w/0'
const TYPE = 'task.created'
const EVENTS = 5_000
const QUICK_EVENTS = 500
const CONCURRENCY = 64
const CONNECTIONS = 64
/** A rate that a workflow for every delivery bears easily. */
const CALM_PER_SECOND = 15
const BURST_WAIT_MS = 600_000
const DRAIN_MS = 60_000
const LANES = ['direct', 'auto', 'workflow'] as const

export const burst: Scenario = {
  name: 'burst',
  question: `How long until ${EVENTS} events that come at once are delivered, and which way do they take?`,
  isUsual: true,
  async run(lab) {
    const runs = new Map<FirstAttempt, Run[]>(LANES.map((lane) => [lane, []]))
    for (let round = 1; round <= lab.options.rounds; round += 1)
      for (const lane of LANES) {
        lab.say(`burst, round ${round}: ${lane}`)
        runs.get(lane)?.push(await runBurst(lab, lane))
      }
    return {
      rows: LANES.flatMap((lane) => rowsOf(lane, runs.get(lane) ?? [], runs.get('direct') ?? [])),
      settings: { events: eventsOf(lab), concurrency: CONCURRENCY, calmPerSecond: CALM_PER_SECOND },
      faults: [...runs.values()].flat().flatMap(({ faults }) => faults),
      remarks: [],
    }
  },
}

interface Run {
  readonly perSecond: number
  /** Of the deliveries of the burst, and of those at the calm rate: how many began as a workflow. */
  readonly workflowShares: { readonly burst: number; readonly calm: number }
  readonly faults: readonly string[]
}

function eventsOf({ options }: Lab): number {
  return options.isQuick ? QUICK_EVENTS : EVENTS
}

async function runBurst(lab: Lab, firstAttempt: FirstAttempt): Promise<Run> {
  await using resources = new AsyncDisposableStack()
  const running = await startServiceFor(lab, resources, {
    firstAttempt,
    layout: { kind: 'one' },
    webhooks: { [PATH]: { events: [TYPE], concurrency: CONCURRENCY } },
  })
  await aim(lab, running, {
    endpoints: countingEndpoints([PATH], SECRET),
    shape: { kind: 'postrider', type: TYPE, dataBytes: 1_000, batch: 1 },
    connections: CONNECTIONS,
  })
  const calm = await publishCalmly(lab, running)
  const before = await lab.receiver.calls.mark(undefined)
  const events = eventsOf(lab)
  await lab.load.calls.start({
    inFlight: CONNECTIONS,
    window: null,
    fanOut: 1,
    eventsPerSecond: null,
    events,
  })
  const isThrough = async (): Promise<boolean> =>
    (await lab.receiver.calls.mark(undefined)).received >= before.received + events
  await waitUntil(isThrough, BURST_WAIT_MS, 10)
  const after = await lab.receiver.calls.mark(undefined)
  await lab.load.calls.finish(undefined)
  const settlement = await settle(lab, [PATH], DRAIN_MS)
  const all = await countWays(running)
  const inBurst = { workflow: all.workflow - calm.workflow, total: all.total - calm.total }
  return {
    perSecond: (1_000 * (after.received - before.received)) / (after.atMs - before.atMs),
    workflowShares: { calm: calm.workflow / calm.total, burst: inBurst.workflow / inBurst.total },
    faults: faultsOf(firstAttempt, settlement),
  }
}

/** Warms up, too. */
async function publishCalmly(lab: Lab, running: RunningServiceContender): Promise<Ways> {
  const plan = {
    inFlight: CONNECTIONS,
    window: null,
    fanOut: 1,
    eventsPerSecond: CALM_PER_SECOND,
    events: null,
  }
  await lab.load.calls.start(plan)
  await sleep(1_000 * lab.options.seconds)
  await lab.load.calls.stop(undefined)
  const { accepted } = await lab.load.calls.counts(undefined)
  await waitUntil(async () => (await lab.receiver.calls.mark(undefined)).received >= accepted, DRAIN_MS)
  return countWays(running)
}

interface Ways {
  readonly workflow: number
  readonly total: number
}

async function countWays({ databaseUrl }: RunningServiceContender): Promise<Ways> {
  const [row] = await onServer(
    databaseUrl,
    `select count(*) filter (where first_attempt = 'workflow')::integer as workflow, count(*)::integer as total
     from webhook_delivery`,
  )
  return { workflow: Number(row?.['workflow']), total: Number(row?.['total']) }
}

function rowsOf(lane: FirstAttempt, runs: readonly Run[], direct: readonly Run[]): Row[] {
  const rate: Row = { label: lane, unit: 'deliveries/s', values: runs.map(({ perSecond }) => perSecond) }
  if (lane === 'direct') return [rate]
  return [
    { ...rate, against: { label: 'direct', values: direct.map(({ perSecond }) => perSecond) } },
    {
      label: `${lane}: as a workflow at ${CALM_PER_SECOND}/s`,
      unit: 'share',
      values: runs.map(({ workflowShares }) => workflowShares.calm),
    },
    {
      label: `${lane}: as a workflow in the burst`,
      unit: 'share',
      values: runs.map(({ workflowShares }) => workflowShares.burst),
    },
  ]
}
