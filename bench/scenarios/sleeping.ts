import { setTimeout as sleep } from 'node:timers/promises'

import { countingEndpoints, type RunningServiceContender, SECRET, startServiceFor } from '../lab/contender.ts'
import { type Lab, waitUntil } from '../lab/lab.ts'
import { aim, settle } from '../lab/measurement.ts'
import { usageOf } from '../lab/process-usage.ts'
import { onServer } from '../lab/servers.ts'
import { faultsOf } from '../report/figures.ts'
import { percentile, type Row, spreadOf } from '../report/result.ts'
import type { Scenario } from './scenario.ts'

const SLEEPY = '/sleepy'
const WAKING = '/waking'
const SLEEPY_TYPE = 'project.updated'
const WAKING_TYPE = 'task.created'
const FEW = 1_000
const QUICK_FEW = 100
/** More than a worker keeps in memory, so that it keeps as many whatever waits. */
const LAST_ONES = 700
const QUICK_LAST_ONES = 50
/** Longer than any run. */
const SLEEP = '12h'
const NAP = '20s'
/** Half of them fail first and nap. */
const WAKING_PER_SECOND = 20
const WAKING_SECONDS = 60
const QUICK_WAKING_SECONDS = 3
const CONCURRENCY = 64
/** Of four requests one succeeds, so that no breaker opens. */
const EVENTS_PER_SLEEPER = 4 / 3
const FILL_WAIT_MS = 4 * 3_600_000
const CALM_SECONDS = 15
const IDLE_LOOK_MS = 3_000
const IDLE_LOOKS = 3
/** Of one processor. */
const IDLE_SHARE = 0.1
const DRAIN_MS = 120_000

export const sleeping: Scenario = {
  name: 'sleeping',
  question: 'What do many waiting deliveries cost in memory, and how late do others wake among them?',
  isUsual: false,
  async run(lab) {
    await using resources = new AsyncDisposableStack()
    const running = await startSleepy(lab, resources)
    const few = lab.options.isQuick ? QUICK_FEW : FEW
    const amongFew = await look(lab, running, few)
    const amongAll = await look(lab, running, lab.options.waiting)
    return {
      rows: [
        ...rowsOf(amongFew),
        ...rowsOf(amongAll),
        ...Object.entries(amongAll.memory).map(([name, megabytes]) => ({
          label: `${name}: more memory`,
          unit: 'MB',
          values: [megabytes - (amongFew.memory[name] ?? 0)],
        })),
      ],
      settings: {
        waiting: lab.options.waiting,
        firstAttempt: 'direct',
        sleep: SLEEP,
        nap: NAP,
        wakingPerSecond: WAKING_PER_SECOND / 2,
      },
      faults: [...amongFew.faults, ...amongAll.faults],
      remarks: [
        'Every waiting delivery is a workflow that sleeps; first attempts are direct so that filling takes less time.',
        `Before a look API and worker are started anew, since what the starts of all the others left behind is garbage, not what they cost while they wait. Then the last ${lastOnes(lab)} go to sleep, which fills the memory that a worker has for workflows, as many others nap and wake each time, and the memory is read.`,
      ],
    }
  },
}

type Memory = Readonly<Record<string, number>>

interface Look {
  readonly waiting: number
  readonly memory: Memory
  readonly latenessMs: Float64Array
  readonly faults: readonly string[]
}

/**
 * Lets so many sleep, the last ones after a restart, and looks at what a service needs that has been among them since, and
 * how late others wake.
 */
async function look(lab: Lab, running: RunningServiceContender, waiting: number): Promise<Look> {
  await putToSleep(lab, running, waiting - lastOnes(lab))
  await untilIdle(running)
  for (const part of running.service.parts) {
    await part.stop()
    await part.restart()
  }
  await putToSleep(lab, running, waiting)
  const { latenessMs, faults } = await measureWaking(lab, running)
  return { waiting, memory: await measureMemory(lab, running), latenessMs, faults }
}

async function startSleepy(lab: Lab, resources: AsyncDisposableStack): Promise<RunningServiceContender> {
  return startServiceFor(lab, resources, {
    firstAttempt: 'direct',
    layout: { kind: 'apart', apis: 1, workers: 1 },
    webhooks: {
      [SLEEPY]: { events: [SLEEPY_TYPE], schedule: [SLEEP], concurrency: CONCURRENCY },
      [WAKING]: { events: [WAKING_TYPE], schedule: [NAP], concurrency: CONCURRENCY },
    },
  })
}

/** Publishes what is refused until so many wait for their next attempt. */
async function putToSleep(lab: Lab, running: RunningServiceContender, wanted: number): Promise<void> {
  await aim(lab, running, {
    endpoints: { [SLEEPY]: { behaviour: 'refuse', secret: SECRET } },
    shape: { kind: 'postrider', type: SLEEPY_TYPE, dataBytes: 200, batch: 1 },
    connections: 16,
  })
  for (;;) {
    const missing = wanted - (await countSleepers(running))
    if (missing <= 0) return
    lab.say(`sleeping: ${missing} more of ${wanted}`)
    const events = Math.ceil(Math.min(missing, 5_000) * EVENTS_PER_SLEEPER)
    await lab.load.calls.start({ inFlight: 16, window: null, fanOut: 1, eventsPerSecond: null, events })
    await lab.load.calls.finish(undefined)
    if (!(await waitUntil(async () => (await countUntried(running)) === 0, FILL_WAIT_MS, 500)))
      throw new Error('The deliveries did not all go to sleep.')
  }
}

function lastOnes({ options }: Lab): number {
  return options.isQuick ? QUICK_LAST_ONES : LAST_ONES
}

/** A workflow that was started falls asleep when a worker comes to it. */
async function untilIdle({ service }: RunningServiceContender): Promise<void> {
  const cpuSeconds = (): number =>
    service.parts.reduce((sum, part) => sum + usageOf(part.pid()).cpuSeconds, 0)
  let idleLooks = 0
  const isIdle = async (): Promise<boolean> => {
    const before = cpuSeconds()
    await sleep(IDLE_LOOK_MS)
    const isNow = cpuSeconds() - before < (IDLE_SHARE * IDLE_LOOK_MS) / 1_000
    idleLooks = isNow ? idleLooks + 1 : 0
    return idleLooks === IDLE_LOOKS
  }
  if (!(await waitUntil(isIdle, FILL_WAIT_MS, 0))) throw new Error('The service did not come to rest.')
}

/** Those whose workflow has started: nobody needs to look at their row before the wait is over. */
async function countSleepers({ databaseUrl }: RunningServiceContender): Promise<number> {
  return countDeliveries(
    databaseUrl,
    `next_attempt_at > now() + interval '1 hour' and dispatch_at > now() + interval '1 hour'`,
  )
}

async function countUntried({ databaseUrl }: RunningServiceContender): Promise<number> {
  return countDeliveries(databaseUrl, `dispatch_at < now() + interval '1 hour'`)
}

async function countDeliveries(databaseUrl: string, condition: string): Promise<number> {
  const [row] = await onServer(
    databaseUrl,
    `select count(*)::integer as found from webhook_delivery where state = 'pending' and ${condition}`,
  )
  return Number(row?.['found'])
}

async function measureMemory(lab: Lab, running: RunningServiceContender): Promise<Memory> {
  const readings: Memory[] = []
  for (let second = 0; second < (lab.options.isQuick ? 3 : CALM_SECONDS); second += 1) {
    await sleep(1_000)
    const { postgres: _, ...pids } = running.pids()
    readings.push(
      Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, usageOf(pid).memoryMegabytes])),
    )
  }
  const names = Object.keys(readings[0] ?? {})
  return Object.fromEntries(
    names.map((name) => [name, spreadOf(readings.map((each) => each[name] ?? 0)).median]),
  )
}

/** Deliveries that fail once and try again after a nap, while all the others sleep. */
async function measureWaking(
  lab: Lab,
  running: RunningServiceContender,
): Promise<{ latenessMs: Float64Array; faults: string[] }> {
  await aim(lab, running, {
    endpoints: {
      ...countingEndpoints([WAKING], SECRET),
      [WAKING]: { behaviour: 'refuse-first', secret: SECRET },
    },
    shape: { kind: 'postrider', type: WAKING_TYPE, dataBytes: 200, batch: 1 },
    connections: 16,
  })
  const [since] = await onServer(running.databaseUrl, 'select now()::text as now')
  const events = WAKING_PER_SECOND * (lab.options.isQuick ? QUICK_WAKING_SECONDS : WAKING_SECONDS)
  await lab.load.calls.start({
    inFlight: 100,
    window: null,
    fanOut: 1,
    eventsPerSecond: WAKING_PER_SECOND,
    events,
  })
  await lab.load.calls.finish(undefined)
  const settlement = await settle(lab, [WAKING], DRAIN_MS)
  const rows = await onServer(
    running.databaseUrl,
    `select extract(epoch from (second.started_at - first.next_attempt_at)) * 1000 as late
     from delivery_attempt first join delivery_attempt second on second.delivery_id = first.delivery_id
     where first.number = 1 and second.number = 2 and first.started_at >= '${String(since?.['now'])}'`,
  )
  return {
    latenessMs: Float64Array.from(rows, ({ late }) => Number(late)),
    faults: faultsOf('waking', settlement),
  }
}

function rowsOf({ waiting, memory, latenessMs }: Look): Row[] {
  return [
    ...Object.entries(memory).map(([name, megabytes]) => ({
      label: `${name} with ${waiting} waiting`,
      unit: 'MB',
      values: [megabytes],
    })),
    ...latenessRows(waiting, latenessMs),
  ]
}

function latenessRows(waiting: number, latenessMs: Float64Array): Row[] {
  return [0.5, 0.99, 1].map((share) => ({
    label: `late at waking among ${waiting}: ${share === 1 ? 'longest' : `p${share * 100}`}`,
    unit: 'ms',
    values: [percentile(latenessMs, share)],
  }))
}
