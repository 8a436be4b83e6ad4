import { homedir } from 'node:os'

import { Connection } from '@temporalio/client'

import { SEARCH_ATTRIBUTE_NAMES } from '../../workflows/contract.ts'
import { LocalRuntimeError } from './local-error.ts'
import { startServerProcess } from './server-process.ts'

const HOST = '127.0.0.1'
const READY_WAIT_MS = 60_000
const READY_RETRY_MS = 50

/** Calls per second that a whole load test on one machine does not reach. */
const RATE_MAX = 100_000

/** As the server comes it is tuned for a cluster of many tenants; these are for one machine with one. */
export const DYNAMIC_CONFIG: Readonly<Record<string, string | number | boolean>> = {
  'frontend.rps': RATE_MAX,
  'frontend.namespaceRPS': RATE_MAX,
  'frontend.namespaceRPS.visibility': RATE_MAX,
  'frontend.persistenceMaxQPS': RATE_MAX,
  'history.rps': RATE_MAX,
  'history.persistenceMaxQPS': RATE_MAX,
  'matching.rps': RATE_MAX,
  'matching.persistenceMaxQPS': RATE_MAX,
  'system.enableEagerWorkflowStart': true,
  'matching.enableFairness': true,
  // A timer of less than a second fires close to its time; by default it can be most of a second late.
  'history.timerProcessorMaxTimeShift': '50ms',
  // Read again at every call otherwise; the attributes are registered before the server takes calls.
  'system.forceSearchAttributesCacheRefreshOnRead': false,
  'system.forceNexusEndpointRefreshOnRead': false,
  // The visibility queue shares the one SQLite connection with everything else.
  'history.visibilityProcessorMaxPollRPS': 5,
  'history.visibilityProcessorSchedulerWorkerCount': 2,
}

export interface TemporalOptions {
  readonly binary: string
  readonly port: number
  /** The Web UI's; without it there is none. */
  readonly uiPort?: number
  /** Where the workflows are kept; without it they are gone when the server is. */
  readonly databaseFile?: string
  readonly namespace?: string
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>>
  readonly onLine?: (line: string) => void
  /** Called as soon as there is a process, long before it is ready. */
  readonly onSpawn?: (pid: number) => void
}

export interface LocalTemporal {
  readonly address: string
  /** Of the Web UI; null without one. */
  readonly uiUrl: string | null
  readonly pid: number
  readonly exited: Promise<string>
  stop: () => Promise<void>
  kill: () => Promise<void>
}

/** Starts a development server on loopback. Resolves when its namespace answers. */
export async function startTemporal(options: TemporalOptions): Promise<LocalTemporal> {
  const address = `${HOST}:${options.port}`
  let lastLine = ''
  const server = await startServerProcess({
    name: 'Temporal',
    command: options.binary,
    args: serverFlags(options),
    // The program reads TEMPORAL_* for its client side; a user's own settings must not reach this server.
    options: { env: { PATH: '/usr/bin:/bin', HOME: homedir() } },
    onLine: (line) => {
      lastLine = line
      options.onLine?.(line)
    },
  })
  options.onSpawn?.(server.pid)
  const end = await untilReady(address, options.namespace ?? 'default', server.exited)
  if (end !== undefined) {
    await server.stop([{ signal: 'SIGKILL', waitMs: 3_000 }])
    throw new LocalRuntimeError(`The Temporal server did not start (${end}): ${lastLine}`)
  }
  return {
    address,
    uiUrl: options.uiPort === undefined ? null : `http://${HOST}:${options.uiPort}`,
    pid: server.pid,
    exited: server.exited,
    stop: async () =>
      server.stop([
        { signal: 'SIGTERM', waitMs: 10_000 },
        { signal: 'SIGKILL', waitMs: 3_000 },
      ]),
    kill: async () => server.stop([{ signal: 'SIGKILL', waitMs: 3_000 }]),
  }
}

function serverFlags({ port, uiPort, databaseFile, namespace, dynamicConfig }: TemporalOptions): string[] {
  const repeated = (flag: string, values: readonly string[]): string[] =>
    values.flatMap((value) => [flag, value])
  return [
    'server',
    'start-dev',
    ...['--ip', HOST, '--port', String(port), '--log-level', 'error', '--log-format', 'json'],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']),
    ...(databaseFile === undefined ? [] : ['--db-filename', databaseFile]),
    ...repeated('--namespace', [namespace ?? 'default']),
    ...repeated(
      '--sqlite-pragma',
      databaseFile === undefined ? [] : ['journal_mode=WAL', 'synchronous=NORMAL'],
    ),
    ...repeated(
      '--search-attribute',
      SEARCH_ATTRIBUTE_NAMES.map((name) => `${name}=Keyword`),
    ),
    ...repeated(
      '--dynamic-config-value',
      Object.entries({ ...DYNAMIC_CONFIG, ...dynamicConfig }).map(
        ([key, value]) => `${key}=${JSON.stringify(value)}`,
      ),
    ),
  ]
}

/** Undefined once ready, else words for why it is not. */
async function untilReady(
  address: string,
  namespace: string,
  exited: Promise<string>,
): Promise<string | undefined> {
  const deadlineMs = performance.now() + READY_WAIT_MS
  let end: string | undefined
  void exited.then((reason) => {
    end = reason
  })
  while (end === undefined && performance.now() < deadlineMs) {
    if (await answers(address, namespace)) return undefined
    await new Promise((resolve) => setTimeout(resolve, READY_RETRY_MS))
  }
  return end ?? `not ready after ${READY_WAIT_MS / 1000} s`
}

async function answers(address: string, namespace: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: 1_000 })
    try {
      await connection.withDeadline(Date.now() + 2_000, async () =>
        connection.workflowService.describeNamespace({ namespace }),
      )
      return true
    } finally {
      await connection.close()
    }
  } catch {
    return false
  }
}
