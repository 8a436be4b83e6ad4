import { setTimeout as sleep } from 'node:timers/promises'

import { type Config, loadConfig, START_DEFAULTS } from '../config.ts'
import { type BannerFacts, renderBanner } from './banner.ts'
import { cacheFolder } from './cache-folder.ts'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import { startInbox } from './inbox.ts'
import { ProcessRegister } from './leftovers.ts'
import { LocalRuntimeError } from './local-error.ts'
import { completeConfig, portWishes } from './local-config.ts'
import type { LocalLog } from './local-log.ts'
import { type LocalServers, startLocalServers } from './local-servers.ts'
import { choosePorts } from './port-choice.ts'

const READY_WAIT_MS = 60_000
const READY_RETRY_MS = 50

/** The service itself, in this process. */
export interface StartedService {
  /** Origin at which this machine reaches the API. */
  readonly url: string
  /** The secrets of the webhooks whose URL has this origin. */
  secretsFor: (origin: string) => Promise<readonly string[]>
  createSignInLink: () => Promise<string>
  /** The API first, then the worker; attempts in flight finish. */
  stop: () => Promise<void>
}

export interface LocalRuntimeOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: LocalLog
  /** Prints a line of the inbox. */
  readonly printDelivery: (line: string) => void
  readonly createApiKey: () => string
  readonly migrate: (config: Config, log: LocalLog) => Promise<void>
  readonly startService: (config: Config, bundleDir: string) => Promise<StartedService>
  /** What the service will want to find in this folder; made while the servers start. */
  readonly prepareBundle: (bundleDir: string) => Promise<unknown>
}

export interface ReadyRuntime {
  readonly apiUrl: string
  readonly apiKey: string
  readonly banner: string
}

export interface LocalRuntime {
  /** Resolves when the API says that it is ready. Throws a LocalRuntimeError or ConfigError, having stopped everything. */
  start: () => Promise<ReadyRuntime>
  /** API, worker, Temporal, PostgreSQL, in this order; before it is ready, what there is. */
  stop: () => Promise<void>
  /** All at once. */
  kill: () => Promise<void>
}

/** Everything that `npm start` runs. */
export function createLocalRuntime(options: LocalRuntimeOptions): LocalRuntime {
  const stopping = new AbortController()
  const state: { register?: ProcessRegister; started?: AsyncDisposableStack; servers?: LocalServers } = {}
  return {
    async start() {
      await using starting = new AsyncDisposableStack()
      const ready = await startAll(options, starting, stopping.signal, state)
      stopping.signal.throwIfAborted()
      state.started = starting.move()
      return ready
    },
    async stop() {
      stopping.abort()
      if (state.started === undefined) await state.register?.endLeftovers()
      else await state.started.disposeAsync()
    },
    async kill() {
      stopping.abort()
      await (state.servers === undefined ? state.register?.endLeftovers() : state.servers.kill())
    },
  }
}

async function startAll(
  options: LocalRuntimeOptions,
  resources: AsyncDisposableStack,
  stopping: AbortSignal,
  state: { register?: ProcessRegister; servers?: LocalServers },
): Promise<ReadyRuntime> {
  const { env, log } = options
  const wanted = loadConfig(env, START_DEFAULTS)
  const directory = resources.use(openDataDirectory(wanted.dataDir))
  const register = new ProcessRegister(directory.registerFile)
  state.register = register
  for (const name of await register.endLeftovers())
    log.info(`Ended ${name}, left over from an earlier start.`)
  const ports = await choosePorts(portWishes(wanted, env), directory)
  // What is wrong with it shows when the service asks for it.
  options.prepareBundle(directory.bundleDir).catch(() => undefined)
  const servers = await startLocalServers({
    config: wanted,
    directory,
    register,
    ports,
    searchPath: env['PATH'] ?? '',
    cacheDir: cacheFolder(env),
    log,
    stopping,
  })
  state.servers = servers
  resources.defer(async () => {
    await servers.stop()
    register.clear()
  })
  stopping.throwIfAborted()
  const config = completeConfig(options, directory, servers, ports)
  return startServiceParts(options, config, { directory, servers, ports, resources, stopping })
}

interface Surroundings {
  readonly directory: DataDirectory
  readonly servers: LocalServers
  readonly ports: ReadonlyMap<string, number>
  readonly resources: AsyncDisposableStack
  readonly stopping: AbortSignal
}

async function startServiceParts(
  { log, migrate, startService, printDelivery }: LocalRuntimeOptions,
  config: Config,
  { directory, servers, ports, resources, stopping }: Surroundings,
): Promise<ReadyRuntime> {
  await migrate(config, log)
  // The inbox must listen before the service sends, and learns the secrets from it.
  const known: { service?: StartedService } = {}
  const inbox = await startInbox({
    name: 'inbox',
    port: ports.get('POSTRIDER_INBOX_PORT') ?? 0,
    secretsFor: async (origin) => known.service?.secretsFor(origin) ?? [],
    print: printDelivery,
  })
  resources.defer(inbox.close)
  const service = await startService(config, directory.bundleDir)
  known.service = service
  resources.defer(service.stop)
  await untilReady(service.url, stopping)
  const apiKey = config.bootstrapApiKey ?? ''
  directory.announce({
    pid: process.pid,
    apiUrl: service.url,
    publicUrl: config.publicUrl,
    apiKey,
    databaseUrl: config.databaseUrl ?? '',
  })
  const facts: BannerFacts = {
    apiUrl: service.url,
    publicUrl: config.publicUrl,
    signInLink: await service.createSignInLink(),
    apiKey,
    temporalUiUrl: servers.temporal?.uiUrl ?? null,
    temporalAddress: config.temporalAddress ?? '',
    inboxUrl: inbox.url,
    hasMailServer: config.smtpUrl !== null,
    dataDir: directory.path,
    postgresDir: placeOutside(directory, servers),
  }
  return { apiUrl: service.url, apiKey, banner: renderBanner(facts) }
}

function placeOutside(directory: DataDirectory, { postgres }: LocalServers): string | null {
  return postgres === null || postgres.dataDir.startsWith(directory.path) ? null : postgres.dataDir
}

async function untilReady(apiUrl: string, stopping: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + READY_WAIT_MS
  while (!(await isReady(apiUrl))) {
    if (performance.now() > deadlineMs)
      throw new LocalRuntimeError(
        `The API at ${apiUrl} did not become ready within ${READY_WAIT_MS / 1000} s.`,
      )
    await sleep(READY_RETRY_MS, undefined, { signal: stopping })
  }
}

async function isReady(apiUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${apiUrl}/readyz`, { signal: AbortSignal.timeout(5_000) })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}
