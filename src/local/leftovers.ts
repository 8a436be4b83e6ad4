import { setTimeout as sleep } from 'node:timers/promises'

import { type Static, Type } from 'typebox'

import { readJsonFile, writeJsonFile } from './json-file.ts'
import { findCommandLine, findProcessIdentity } from './process-identity.ts'
import { sendSignal } from './server-process.ts'

const ProcessRecords = Type.Array(
  Type.Object({
    name: Type.String(),
    pid: Type.Integer(),
    /** When it started, as the system tells it. */
    identity: Type.String(),
    /** A path in its command line that only a server of this data directory has. */
    mark: Type.String(),
    signal: Type.Union([Type.Literal('SIGINT'), Type.Literal('SIGTERM')]),
  }),
)

export type ProcessRecord = Static<typeof ProcessRecords>[number]

const POLL_MS = 50
const POLITE_WAIT_MS = 10_000
const FORCED_WAIT_MS = 3_000

/** The servers that run for a data directory, written down so that a start after kill -9 can end them. */
export class ProcessRegister {
  readonly #path: string
  #records: ProcessRecord[]

  constructor(path: string) {
    this.#path = path
    this.#records = readJsonFile(path, ProcessRecords) ?? []
  }

  /** To be called at once when the process is there: what is not written down cannot be ended later. */
  add(record: Omit<ProcessRecord, 'identity'>): void {
    const identity = findProcessIdentity(record.pid)
    if (identity === null) return
    this.#records = [...this.#records.filter(({ name }) => name !== record.name), { ...record, identity }]
    writeJsonFile(this.#path, this.#records)
  }

  clear(): void {
    this.#records = []
    writeJsonFile(this.#path, this.#records)
  }

  /** Ends what is verifiably left over; answers the names. Processes that only have the same number are left alone. */
  async endLeftovers(): Promise<string[]> {
    const leftovers = this.#records.filter(isStillThere)
    await Promise.all(leftovers.map(endProcess))
    this.clear()
    return leftovers.map(({ name }) => name)
  }
}

function isStillThere({ pid, identity, mark }: ProcessRecord): boolean {
  return findProcessIdentity(pid) === identity && (findCommandLine(pid) ?? '').includes(mark)
}

async function endProcess(record: ProcessRecord): Promise<void> {
  sendSignal(record.pid, record.signal)
  if (await isGoneWithin(record, POLITE_WAIT_MS)) return
  if (isStillThere(record)) sendSignal(record.pid, 'SIGKILL')
  await isGoneWithin(record, FORCED_WAIT_MS)
}

async function isGoneWithin({ pid, identity }: ProcessRecord, waitMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + waitMs
  while (findProcessIdentity(pid) === identity) {
    if (performance.now() > deadlineMs) return false
    await sleep(POLL_MS)
  }
  return true
}
