import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { BenchOptions } from '../options.ts'
import { type Child, forkChild } from './child-process.ts'
import type { LoadCalls } from './load-process.ts'
import { describeMachine, type Machine } from './machine.ts'
import type { ReceiverCalls } from './receiver-process.ts'
import { type Databases, startDatabases } from './servers.ts'

export type Receiver = Child<ReceiverCalls>
export type Load = Child<LoadCalls>

/** What all scenarios share: the servers, the receiver and a load generator, each a process of its own. */
export interface Lab {
  readonly options: BenchOptions
  readonly directory: string
  readonly databases: Databases
  readonly machine: Machine
  readonly receiver: Receiver
  readonly receiverOrigin: string
  readonly load: Load
  /** One more load generator, for traffic of another kind at the same time. Stopped with the lab. */
  openLoad: () => Load
  /** A fresh folder for one run. */
  openFolder: (name: string) => Promise<string>
  say: (words: string) => void
}

const PROCESS_OF_RECEIVER = new URL('receiver-process.ts', import.meta.url)
const PROCESS_OF_LOAD = new URL('load-process.ts', import.meta.url)

export async function openLab(options: BenchOptions, resources: AsyncDisposableStack): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'postrider-bench-'))
  resources.defer(async () => rm(directory, { recursive: true, force: true }))
  const databases = await startDatabases(join(directory, 'postgres'))
  resources.defer(async () => databases.server.stop())
  const receiver = forkChild<ReceiverCalls>(PROCESS_OF_RECEIVER)
  resources.defer(async () => receiver.stop())
  const openLoad = (): Load => {
    const load = forkChild<LoadCalls>(PROCESS_OF_LOAD)
    resources.defer(async () => load.stop())
    return load
  }
  const load = openLoad()
  receiver.onNotice(({ value }) => void load.calls.setReceived(value))
  const port = await receiver.calls.listen(options.comparison?.receiver.port ?? 0)
  let folders = 0
  return {
    options,
    directory,
    databases,
    machine: await describeMachine(databases.server.url),
    receiver,
    receiverOrigin: `http://127.0.0.1:${port}`,
    load,
    openLoad,
    async openFolder(name) {
      folders += 1
      const folder = join(directory, `${folders}-${name}`)
      await mkdir(folder, { recursive: true })
      return folder
    },
    say: (words) => process.stderr.write(`${words}\n`),
  }
}

/** Waits until `isDone`; answers whether it was in time. */
export async function waitUntil(
  isDone: () => Promise<boolean>,
  waitMs: number,
  everyMs = 50,
): Promise<boolean> {
  const deadlineMs = performance.now() + waitMs
  while (!(await isDone())) {
    if (performance.now() > deadlineMs) return false
    await sleep(everyMs)
  }
  return true
}
