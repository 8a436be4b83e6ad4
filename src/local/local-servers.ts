import type { Config } from '../config.ts'
import type { DataDirectory } from './data-directory.ts'
import { keepServer } from './kept-server.ts'
import type { ProcessRegister } from './leftovers.ts'
import type { LocalLog } from './local-log.ts'
import { type LocalPostgres, startPostgres } from './postgres.ts'
import { type LocalTemporal, startTemporal } from './temporal.ts'
import { findTemporalBinary } from './temporal-binary.ts'

export interface LocalServersOptions {
  readonly config: Config
  readonly directory: DataDirectory
  readonly register: ProcessRegister
  readonly ports: ReadonlyMap<string, number>
  readonly searchPath: string
  readonly cacheDir: string
  readonly log: LocalLog
  /** Aborts a fetch, and the watch over the servers. */
  readonly stopping: AbortSignal
}

export interface LocalServers {
  /** Null where the configuration names a server of one's own. */
  readonly postgres: LocalPostgres | null
  readonly temporal: LocalTemporal | null
  /** Temporal first: it may still want to tell the service something that ends in PostgreSQL. */
  stop: () => Promise<void>
  kill: () => Promise<void>
}

/** Starts what the configuration does not name, both at once. When one fails, the other is stopped again. */
export async function startLocalServers(options: LocalServersOptions): Promise<LocalServers> {
  const { config } = options
  const [postgres, temporal] = await Promise.allSettled([
    config.databaseUrl === null ? keepPostgres(options) : null,
    config.temporalAddress === null ? keepTemporal(options) : null,
  ])
  if (postgres.status === 'rejected' || temporal.status === 'rejected') {
    for (const result of [temporal, postgres]) if (result.status === 'fulfilled') await result.value?.stop()
    throw postgres.status === 'rejected' ? postgres.reason : (temporal as PromiseRejectedResult).reason
  }
  return {
    postgres: postgres.value?.server ?? null,
    temporal: temporal.value?.server ?? null,
    stop: async () => {
      await temporal.value?.stop()
      await postgres.value?.stop()
    },
    kill: async () => {
      await Promise.all([temporal.value?.kill(), postgres.value?.kill()])
    },
  }
}

async function keepPostgres({ directory, register, ports, log, stopping }: LocalServersOptions) {
  const start = async (): Promise<LocalPostgres> =>
    startPostgres({
      homeDir: directory.postgresDir,
      port: ports.get('POSTRIDER_POSTGRES_PORT') ?? 0,
      onLine: (line) => {
        log[/ (FATAL|PANIC): /.test(line) && !stopping.aborted ? 'warn' : 'debug'](`PostgreSQL: ${line}`)
      },
      onSpawn: (pid, mark) => {
        register.add({ name: 'PostgreSQL', pid, mark, signal: 'SIGINT' })
      },
    })
  log.info('Starting PostgreSQL.')
  return keepServer('PostgreSQL', start, log.warn, stopping)
}

async function keepTemporal(options: LocalServersOptions) {
  const { config, directory, register, ports, searchPath, cacheDir, log, stopping } = options
  const binary = await findTemporalBinary({ searchPath, cacheDir, onProgress: log.notice, signal: stopping })
  const start = async (): Promise<LocalTemporal> =>
    startTemporal({
      binary,
      port: ports.get('POSTRIDER_TEMPORAL_PORT') ?? 0,
      uiPort: ports.get('POSTRIDER_TEMPORAL_UI_PORT') ?? 0,
      databaseFile: directory.temporalFile,
      namespace: config.temporalNamespace,
      onLine: (line) => {
        log.debug(`Temporal: ${line}`)
      },
      onSpawn: (pid) => {
        register.add({ name: 'Temporal', pid, mark: directory.temporalFile, signal: 'SIGTERM' })
      },
    })
  log.info('Starting Temporal.')
  return keepServer('Temporal', start, log.warn, stopping)
}
