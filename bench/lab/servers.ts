import { join } from 'node:path'

import { Client } from 'pg'

import { migrate } from '../../src/db/migrator.ts'
import { cacheFolder } from '../../src/local/cache-folder.ts'
import { findFreePort } from '../../src/local/ports.ts'
import { type LocalPostgres, startPostgres } from '../../src/local/postgres.ts'
import { type LocalTemporal, startTemporal } from '../../src/local/temporal.ts'
import { findTemporalBinary } from '../../src/local/temporal-binary.ts'
import { endWithBench } from './end-with-bench.ts'

const HOST = '127.0.0.1'
const TEMPLATE = 'bench_template'

export interface Databases {
  readonly server: LocalPostgres
  /** An empty, migrated database; ended sessions of others, a checkpoint behind it. Answers its URL. */
  create: (name: string) => Promise<string>
  /** Without the product's tables, for the floors. */
  createBare: (name: string) => Promise<string>
  drop: (name: string) => Promise<void>
}

/** A PostgreSQL of the bench's own, as durable as `npm start` runs it. */
export async function startDatabases(homeDir: string): Promise<Databases> {
  const server = await startPostgres({ homeDir, port: await findFreePort(HOST) })
  endWithBench(server, 'SIGQUIT')
  await onServer(server.url, `create database ${TEMPLATE}`)
  await migrate(urlOf(server.url, TEMPLATE))
  const create = async (name: string, template: string): Promise<string> => {
    await drop(name)
    await onServer(server.url, `create database ${name} template ${template}`)
    await onServer(server.url, 'checkpoint')
    return urlOf(server.url, name)
  }
  const drop = async (name: string): Promise<void> => {
    await onServer(server.url, `drop database if exists ${name} with (force)`)
  }
  return {
    server,
    create: async (name) => create(name, TEMPLATE),
    createBare: async (name) => create(name, 'template0'),
    drop,
  }
}

/** Runs one statement in a session of its own. */
export async function onServer(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

export interface BenchTemporal {
  readonly address: string
  readonly pid: () => number
  /** SIGKILL. */
  kill: () => Promise<void>
  /** Starts it again on the same port with the same data. */
  restart: () => Promise<void>
  stop: () => Promise<void>
}

/** A development server with the settings of `npm start`; its workflows in a file, as there. */
export async function openBenchTemporal(directory: string): Promise<BenchTemporal> {
  const binary = await temporalBinary()
  const port = await findFreePort(HOST)
  const start = async (): Promise<LocalTemporal> => {
    const started = await startTemporal({ binary, port, databaseFile: join(directory, 'temporal.sqlite') })
    endWithBench(started, 'SIGKILL')
    return started
  }
  let server = await start()
  return {
    address: server.address,
    pid: () => server.pid,
    kill: async () => server.kill(),
    stop: async () => server.stop(),
    async restart() {
      server = await start()
    },
  }
}

export async function temporalBinary(): Promise<string> {
  return findTemporalBinary({
    searchPath: process.env['PATH'] ?? '',
    cacheDir: cacheFolder(process.env),
    onProgress: (message) => {
      process.stderr.write(`${message}\n`)
    },
  })
}
