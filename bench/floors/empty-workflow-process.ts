// The floor of the workflow lane: workflows that do nothing, started eagerly, in a process of their own.
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'

import { Client } from '@temporalio/client'
import { DefaultLogger, type InjectedSinks, NativeConnection, Runtime, Worker } from '@temporalio/worker'

import { PRELOADED_MODULES } from '../../src/temporal/bundle.ts'
import type { TemporalTarget } from '../../src/temporal/connection.ts'
import { answerCalls } from '../lab/child-calls.ts'
import type { DoneSinks } from './empty-workflow.ts'

const TASK_QUEUE = 'bench-empty'
const WORKFLOW_SLOTS = 200
const WORKFLOW_POLLERS = 2
const CLOSE_WAIT_MS = 10_000

let client: Client | undefined
let worker: Worker | undefined
let running: Promise<void> | undefined
let finished = 0
let isStopped = false
const waiting: (() => void)[] = []
const places: Promise<void>[] = []

const sinks: InjectedSinks<DoneSinks> = {
  done: {
    count: {
      fn() {
        finished += 1
        waiting.shift()?.()
      },
      callDuringReplay: false,
    },
  },
}

/** One place of the closed loop: starts a workflow and waits until any one has ended. */
async function keepStarting(temporal: Client): Promise<void> {
  while (!isStopped) {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    waiting.push(() => {
      resolve(undefined)
    })
    await temporal.workflow.start('empty', {
      taskQueue: TASK_QUEUE,
      workflowId: `empty-${randomUUID()}`,
      requestEagerStart: true,
    })
    await promise
  }
}

export interface EmptyWorkflowOptions extends TemporalTarget {
  isPrepared: boolean
}

const calls = {
  /** `isPrepared`: in the sandbox that the product's workflows run in. */
  async open({ address, namespace, security, isPrepared }: EmptyWorkflowOptions): Promise<void> {
    Runtime.install({ logger: new DefaultLogger('ERROR') })
    const connection = await NativeConnection.connect({ address, ...security })
    worker = await Worker.create({
      connection,
      namespace,
      taskQueue: TASK_QUEUE,
      workflowsPath: fileURLToPath(new URL('empty-workflow.ts', import.meta.url)),
      ...(isPrepared ? { bundlerOptions: { preloadModules: [...PRELOADED_MODULES] } } : {}),
      sinks,
      maxConcurrentWorkflowTaskExecutions: WORKFLOW_SLOTS,
      maxConcurrentWorkflowTaskPolls: WORKFLOW_POLLERS,
    })
    running = worker.run()
    client = new Client({ connection, namespace })
  },
  /** Workflows ended per second, with so many in flight. */
  async measure({
    inFlight,
    warmUpSeconds,
    seconds,
  }: Record<'inFlight' | 'warmUpSeconds' | 'seconds', number>) {
    if (client === undefined) throw new Error('Open it first.')
    for (let place = 0; place < inFlight; place += 1) places.push(keepStarting(client))
    await sleep(1_000 * warmUpSeconds)
    const [beganMs, before] = [performance.now(), finished]
    await sleep(1_000 * seconds)
    const perSecond = ((finished - before) * 1_000) / (performance.now() - beganMs)
    isStopped = true
    return perSecond
  },
  /** Lets what is in flight end, so that nothing stays open on a server that outlives the bench. */
  async close() {
    const closing = async (): Promise<void> => {
      await Promise.all(places)
      worker?.shutdown()
      await running
    }
    await Promise.race([closing(), sleep(CLOSE_WAIT_MS)])
  },
}

export type EmptyWorkflowCalls = typeof calls

answerCalls(calls)
