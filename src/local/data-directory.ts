import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { type Static, Type } from 'typebox'

import { readJsonFile, writeJsonFile } from './json-file.ts'
import { LocalRuntimeError } from './local-error.ts'

const SQLITE_BUSY = 5

const Memory = Type.Object({
  /** Ports by the name of their setting. */
  ports: Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: 65_535 })),
})

const Secrets = Type.Object({
  /** As POSTRIDER_MASTER_KEYS writes it. */
  masterKeys: Type.String(),
  apiKey: Type.String(),
})

const Running = Type.Object({
  pid: Type.Integer(),
  /** Where the API is reached from this machine. */
  apiUrl: Type.String(),
  publicUrl: Type.String(),
  apiKey: Type.String(),
  databaseUrl: Type.String(),
})

export type LocalSecrets = Static<typeof Secrets>
/** What other commands need to talk to a running `npm start`. */
export type RunningService = Static<typeof Running>

/** Where `npm start` keeps everything; held by one process at a time. */
export interface DataDirectory extends Disposable {
  readonly path: string
  readonly postgresDir: string
  readonly temporalFile: string
  readonly registerFile: string
  readonly bundleDir: string
  /** The port remembered for a setting. */
  recallPort: (setting: string) => number | undefined
  rememberPort: (setting: string, port: number) => void
  /** Those of the first start; `create` is asked only then. */
  keepSecrets: (create: () => LocalSecrets) => LocalSecrets
  announce: (running: RunningService) => void
}

/** Makes the directory if need be and takes it. Throws a LocalRuntimeError when it is taken or cannot be used. */
export function openDataDirectory(dataDir: string): DataDirectory {
  const path = resolve(dataDir)
  const lock = attempt(path, () => {
    makeFolder(path)
    // It may lie in somebody's repository.
    writeFileSync(join(path, '.gitignore'), '*\n')
    return takeLock(path)
  })
  if (lock === null) throw new LocalRuntimeError(describeHolder(path))
  const memoryFile = join(path, 'memory.json')
  const ports = { ...readJsonFile(memoryFile, Memory)?.ports }
  return {
    path,
    postgresDir: join(path, 'postgresql'),
    temporalFile: join(path, 'temporal.sqlite'),
    registerFile: join(path, 'processes.json'),
    bundleDir: join(path, 'bundle'),
    recallPort: (setting) => ports[setting],
    rememberPort: (setting, port) => {
      if (ports[setting] === port) return
      ports[setting] = port
      writeJsonFile(memoryFile, { ports })
    },
    keepSecrets: (create) => keepSecrets(join(path, 'secrets.json'), create),
    announce: (running) => {
      writeJsonFile(runningFile(path), running)
    },
    [Symbol.dispose]: () => {
      lock.close()
    },
  }
}

/** How to reach the `npm start` that holds this directory; undefined when none runs or it is not ready yet. */
export function findRunningService(dataDir: string): RunningService | undefined {
  const path = resolve(dataDir)
  const running = readJsonFile(runningFile(path), Running)
  if (running === undefined) return undefined
  const lock = takeLock(path)
  lock?.close()
  return lock === null ? running : undefined
}

/** Node's own recursive mkdir never ends where a parent cannot be made but does not say why, as below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

/**
 * SQLite's file lock is the system's: it ends with the process, however that dies, so no lock is ever left behind.
 * Null when another process holds it.
 */
function takeLock(path: string): DatabaseSync | null {
  const database = new DatabaseSync(join(path, 'lock.sqlite'))
  try {
    database.exec('begin exclusive')
    return database
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return null
    throw error
  }
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new LocalRuntimeError(
      `The data directory ${path} cannot be used (${reason}): set POSTRIDER_DATA_DIR to a folder that can be written.`,
      { cause },
    )
  }
}

function describeHolder(path: string): string {
  const running = readJsonFile(runningFile(path), Running)
  const holder = running === undefined ? 'another process' : `process ${running.pid} at ${running.apiUrl}`
  return `Postrider already runs on ${path} (${holder}): stop it first, or set POSTRIDER_DATA_DIR and PORT to run a second one.`
}

function runningFile(path: string): string {
  return join(path, 'running.json')
}

function keepSecrets(file: string, create: () => LocalSecrets): LocalSecrets {
  const kept = readJsonFile(file, Secrets)
  if (kept !== undefined) return kept
  const secrets = create()
  writeJsonFile(file, secrets)
  return secrets
}
