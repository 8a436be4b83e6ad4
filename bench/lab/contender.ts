import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'

import { findFreePort } from '../../src/local/ports.ts'
import type { Lab } from './lab.ts'
import type { WebhookWish } from './management.ts'
import type { Endpoint } from './receiver-process.ts'
import { profileFlags, startProgram } from './server-process.ts'
import { type BenchTemporal, openBenchTemporal } from './servers.ts'
import { type FirstAttempt, type Layout, type RunningService, startService } from './service.ts'
import type { TemporalPlace } from './temporal-place.ts'

/** Read as it is written by every signature scheme, so that the bare loop can use one key for all. */
export const SECRET = 'bench-secret-of-thirty-six-characters'

/** What can be measured: something that takes events and calls the receiver. */
export interface Contender {
  readonly label: string
  start: (lab: Lab, resources: AsyncDisposableStack) => Promise<RunningContender>
}

export interface RunningContender {
  /** Where a single event is published, and where a batch; one of each for every process that takes them. */
  readonly urls: readonly string[]
  readonly batchUrls: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** Null where nothing is kept. */
  readonly databaseUrl: string | null
  /** Processes whose processor time is told apart. */
  readonly pids: () => Readonly<Record<string, number>>
}

export interface ServiceSetup {
  readonly firstAttempt: FirstAttempt
  readonly layout: Layout
  /** The paths at the receiver, each with a webhook to it. */
  readonly webhooks: Readonly<Record<string, Omit<WebhookWish, 'url' | 'secret'>>>
  /** Uses this database instead of a fresh one. */
  readonly databaseUrl?: string
  /** What else must be there before the load begins. */
  readonly prepare?: (running: RunningServiceContender) => Promise<void>
}

export interface RunningServiceContender extends RunningContender {
  readonly databaseUrl: string
  readonly service: RunningService
  readonly temporal: BenchTemporal
  /** By path. */
  readonly webhookIds: Readonly<Record<string, string>>
}

/** What the service needs to know of the Temporal server that it is started on. */
interface Footing {
  readonly address: string
  readonly access?: Readonly<Record<string, string>>
  /** Null where its processor time is not ours to see. */
  readonly pid: () => number | null
}

export const JSON_HEADERS = { 'content-type': 'application/json' }

let databases = 0

function nextDatabaseName(): string {
  databases += 1
  return `bench_${databases}_${randomUUID().slice(0, 8)}`
}

/** A database of its own that is gone with the resources. */
export async function openDatabaseFor(
  lab: Lab,
  resources: AsyncDisposableStack,
  isBare: boolean,
): Promise<string> {
  const name = nextDatabaseName()
  const url = isBare ? await lab.databases.createBare(name) : await lab.databases.create(name)
  resources.defer(async () => lab.databases.drop(name))
  return url
}

/** The service as its real processes, with a database and a Temporal development server of its own. */
export async function startServiceFor(
  lab: Lab,
  resources: AsyncDisposableStack,
  setup: ServiceSetup,
): Promise<RunningServiceContender> {
  const folder = await lab.openFolder(setup.firstAttempt)
  const temporal = await openBenchTemporal(folder)
  resources.defer(async () => temporal.stop())
  const running = { ...(await startServiceOn(lab, resources, setup, folder, temporal)), temporal }
  await setup.prepare?.(running)
  return running
}

async function startServiceOn(
  lab: Lab,
  resources: AsyncDisposableStack,
  setup: Omit<ServiceSetup, 'prepare'>,
  folder: string,
  temporal: Footing,
): Promise<Omit<RunningServiceContender, 'temporal'>> {
  const databaseUrl = setup.databaseUrl ?? (await openDatabaseFor(lab, resources, false))
  const service = await startService({
    firstAttempt: setup.firstAttempt,
    layout: setup.layout,
    databaseUrl,
    temporalAddress: temporal.address,
    temporalAccess: temporal.access ?? {},
    directory: folder,
    profileDirectory: lab.options.profileDirectory,
  })
  resources.defer(async () => service.stop())
  const webhookIds: Record<string, string> = {}
  for (const [path, wish] of Object.entries(setup.webhooks)) {
    const url = lab.receiverOrigin + path
    webhookIds[path] = await service.management.createWebhook({ ...wish, url, secret: SECRET })
  }
  return {
    urls: service.origins.map((origin) => `${origin}/api/v1/events`),
    batchUrls: service.origins.map((origin) => `${origin}/api/v1/events/batch`),
    headers: { ...JSON_HEADERS, authorization: `Bearer ${service.apiKey}` },
    pids() {
      const temporalPid = temporal.pid()
      return {
        ...Object.fromEntries(service.parts.map(({ name, pid }) => [name, pid()])),
        postgres: lab.databases.server.pid,
        ...(temporalPid !== null && { temporal: temporalPid }),
      }
    },
    service,
    databaseUrl,
    webhookIds,
  }
}

export function serviceContender(label: string, setup: ServiceSetup): Contender {
  return { label, start: async (lab, resources) => startServiceFor(lab, resources, setup) }
}

/** The service with another Temporal server below it. */
export function serviceContenderAt(
  label: string,
  place: TemporalPlace,
  setup: Omit<ServiceSetup, 'prepare'>,
): Contender {
  return {
    label,
    async start(lab, resources) {
      const { target, access, pid } = await place.open(lab, resources)
      const folder = await lab.openFolder(setup.firstAttempt)
      const footing = { address: target.address, access, pid: () => pid }
      return startServiceOn(lab, resources, setup, folder, footing)
    },
  }
}

const BARE_LOOP = fileURLToPath(new URL('../floors/bare-loop.ts', import.meta.url))

export interface BareLoopSetup {
  readonly paths: readonly string[]
  /** False only accepts. */
  readonly isSending: boolean
}

/** The floor of the direct lane: only what cannot be left out. */
export function bareLoopContender({ paths, isSending }: BareLoopSetup): Contender {
  return {
    label: 'bare loop',
    async start(lab, resources) {
      const folder = await lab.openFolder('bare-loop')
      const origin = `http://127.0.0.1:${await findFreePort('127.0.0.1')}`
      const databaseUrl = await openDatabaseFor(lab, resources, true)
      const program = await startProgram({
        name: 'The bare loop',
        arguments: [...profileFlags(lab.options.profileDirectory), BARE_LOOP],
        env: {
          DATABASE_URL: databaseUrl,
          PORT: new URL(origin).port,
          TARGET: lab.receiverOrigin,
          PATHS: paths.join(','),
          SECRET,
          SENDING: String(isSending),
        },
        logFile: `${folder}/bare-loop.log`,
        readyUrl: `${origin}/readyz`,
      })
      resources.defer(async () => program.stop())
      return {
        urls: [`${origin}/events`],
        batchUrls: [`${origin}/events/batch`],
        headers: JSON_HEADERS,
        databaseUrl,
        pids: () => ({ bareLoop: program.pid, postgres: lab.databases.server.pid }),
      }
    },
  }
}

/** The load generator calls the receiver itself: what is left when there is no sender at all. */
export function receiverContender(path: string): Contender {
  return {
    label: 'publisher → receiver alone',
    start: (lab) =>
      Promise.resolve({
        urls: [lab.receiverOrigin + path],
        batchUrls: [],
        headers: JSON_HEADERS,
        databaseUrl: null,
        pids: () => ({}),
      }),
  }
}

/** Endpoints that count and verify. */
export function countingEndpoints(paths: readonly string[], secret: string | null): Record<string, Endpoint> {
  return Object.fromEntries(paths.map((path) => [path, { behaviour: 'count', secret }]))
}
