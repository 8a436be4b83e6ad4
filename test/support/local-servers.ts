import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { cacheFolder } from '../../src/local/cache-folder.ts'
import { findFreePort } from '../../src/local/ports.ts'
import { startPostgres } from '../../src/local/postgres.ts'
import { startTemporal, type LocalTemporal } from '../../src/local/temporal.ts'
import { findTemporalBinary } from '../../src/local/temporal-binary.ts'

const HOST = '127.0.0.1'

/** Another process may take the port between our look and the server's start. */
const PORT_TRIES = 3

/** Time skipping is switched on for tests only; nothing in the product knows of it. */
const TIME_SKIPPING = {
  'frontend.WorkflowTimeSkippingEnabled': true,
  'system.workflowTimeSkippingEnabled': true,
}

export interface RunningServer {
  readonly url: string
  stop: () => Promise<void>
}

/** A PostgreSQL of its own below the system's temporary folder, quick rather than safe; gone when stopped. */
export async function startTestPostgres(): Promise<RunningServer> {
  const homeDir = await mkdtemp(join(tmpdir(), 'postrider-postgres-'))
  const server = await tryPorts(async (port) => startPostgres({ homeDir, port, isDurable: false }))
  return {
    url: server.url,
    stop: async () => {
      await server.kill()
      await rm(homeDir, { recursive: true, force: true })
    },
  }
}

interface TestTemporalOptions {
  readonly databaseFile?: string
  readonly port?: number
  readonly hasUi?: boolean
}

/** A Temporal server that can skip time; in memory, unless told of a file. */
export async function startTestTemporal(
  options: TestTemporalOptions = {},
): Promise<RunningServer & LocalTemporal> {
  const binary = await findTemporalBinary({
    searchPath: process.env['PATH'] ?? '',
    cacheDir: cacheFolder(process.env),
    onProgress: (message) => {
      process.stderr.write(`${message}\n`)
    },
  })
  const uiPort = options.hasUi === true ? { uiPort: await findFreePort(HOST) } : {}
  const databaseFile = options.databaseFile === undefined ? {} : { databaseFile: options.databaseFile }
  const start = async (port: number): Promise<LocalTemporal> =>
    startTemporal({ binary, port, ...uiPort, ...databaseFile, dynamicConfig: TIME_SKIPPING })
  const server = await (options.port === undefined ? tryPorts(start) : start(options.port))
  return { ...server, url: server.address }
}

async function tryPorts<T>(start: (port: number) => Promise<T>, triesLeft = PORT_TRIES): Promise<T> {
  try {
    return await start(await findFreePort(HOST))
  } catch (error) {
    if (triesLeft <= 1) throw error
    return tryPorts(start, triesLeft - 1)
  }
}
