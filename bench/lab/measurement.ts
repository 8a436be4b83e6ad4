import { setTimeout as sleep } from 'node:timers/promises'

import type { Contender, RunningContender } from './contender.ts'
import { type Lab, waitUntil } from './lab.ts'
import type { EventShape } from './event-bodies.ts'
import type { LoadCounts, LoadPlan } from './load-process.ts'
import { usageOf } from './process-usage.ts'
import type { Balance } from './receipts.ts'
import type { Endpoint } from './receiver-process.ts'

export interface Trial {
  readonly endpoints: Readonly<Record<string, Endpoint>>
  readonly shape: EventShape
  readonly plan: LoadPlan
  readonly connections: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** How long what was accepted may take to arrive after the load has stopped. */
  readonly drainMs: number
  /** Looks at what is left at the end; answers faults. */
  readonly inspect?: (running: RunningContender, accepted: number) => Promise<readonly string[]>
}

export interface Measured {
  /** Different deliveries that arrived in a second. */
  readonly receivedPerSecond: number
  /** Events that were answered with 202 in a second. */
  readonly acceptedPerSecond: number
  /** From publishing to the first arrival. */
  readonly latenciesMs: Float64Array
  /** From publishing to the answer. */
  readonly answerTimesMs: Float64Array
  /** Processor time per delivery, by process, in microseconds. */
  readonly cpuMicrosecondsPerDelivery: Readonly<Record<string, number>>
  readonly balance: Balance
  readonly signatures: { readonly verified: number; readonly bad: number }
  readonly others: Readonly<Record<string, number>>
  readonly accepted: number
  readonly faults: readonly string[]
}

/** Starts a contender, loads it, measures a while, stops and counts what became of everything. */
export async function measure(lab: Lab, contender: Contender, trial: Trial): Promise<Measured> {
  await using resources = new AsyncDisposableStack()
  const running = await contender.start(lab, resources)
  await aim(lab, running, trial)
  await lab.load.calls.start(trial.plan)
  await sleep(1_000 * trial.warmUpSeconds)
  const pids = { ...running.pids(), receiver: lab.receiver.pid, load: lab.load.pid }
  const before = await takeLook(lab, pids)
  await sleep(1_000 * trial.seconds)
  const after = await takeLook(lab, pids)
  await lab.load.calls.stop(undefined)
  const settlement = await settle(lab, Object.keys(trial.endpoints), trial.drainMs)
  return {
    ...compare(before, after),
    latenciesMs: (await lab.receiver.calls.latenciesSince(before.mark.samples)).slice(
      0,
      after.mark.samples - before.mark.samples,
    ),
    answerTimesMs: await lab.load.calls.answerTimesSince(before.counts.answers),
    ...settlement,
    faults: (await trial.inspect?.(running, settlement.accepted)) ?? [],
  }
}

/** Makes receiver and load generator ready for one contender. */
export async function aim(
  lab: Lab,
  running: RunningContender,
  trial: Pick<Trial, 'endpoints' | 'shape' | 'connections'>,
): Promise<void> {
  const { shape } = trial
  await lab.receiver.calls.serve(trial.endpoints)
  await lab.load.calls.aim({
    urls: shape.kind === 'postrider' && shape.batch > 1 ? running.batchUrls : running.urls,
    headers: running.headers,
    connections: trial.connections,
    shape,
  })
}

export interface Settlement {
  readonly accepted: number
  readonly balance: Balance
  readonly signatures: { readonly verified: number; readonly bad: number }
  readonly others: Readonly<Record<string, number>>
}

/** Waits until all that was accepted has arrived, or long enough, and draws the balance. */
export async function settle(lab: Lab, paths: readonly string[], drainMs: number): Promise<Settlement> {
  const numbers = await lab.load.calls.acceptedNumbers(undefined)
  const draw = async (): Promise<Balance> => lab.receiver.calls.balance({ paths, accepted: numbers })
  await waitUntil(async () => (await draw()).lost === 0, drainMs, 100)
  const { accepted, others } = await lab.load.calls.counts(undefined)
  return {
    accepted,
    balance: await draw(),
    signatures: await lab.receiver.calls.signatures(undefined),
    others,
  }
}

interface Look {
  readonly mark: { readonly atMs: number; readonly received: number; readonly samples: number }
  readonly counts: LoadCounts
  readonly cpuSeconds: Readonly<Record<string, number>>
}

async function takeLook(lab: Lab, pids: Readonly<Record<string, number>>): Promise<Look> {
  return {
    mark: await lab.receiver.calls.mark(undefined),
    counts: await lab.load.calls.counts(undefined),
    cpuSeconds: Object.fromEntries(
      Object.entries(pids).map(([name, pid]) => [name, usageOf(pid).cpuSeconds]),
    ),
  }
}

function compare(before: Look, after: Look) {
  const received = after.mark.received - before.mark.received
  const accepted = after.counts.accepted - before.counts.accepted
  const work = Math.max(1, received, accepted)
  return {
    receivedPerSecond: (1_000 * received) / (after.mark.atMs - before.mark.atMs),
    acceptedPerSecond: (1_000 * accepted) / (after.counts.atMs - before.counts.atMs),
    cpuMicrosecondsPerDelivery: Object.fromEntries(
      Object.entries(after.cpuSeconds).map(([name, seconds]) => [
        name,
        Math.round((1e6 * (seconds - (before.cpuSeconds[name] ?? 0))) / work),
      ]),
    ),
  }
}
