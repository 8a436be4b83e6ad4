import { execFile } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { isPortFree } from '../../src/local/ports.ts'
import { type ServerProcess, startServerProcess } from '../../src/local/server-process.ts'
import { endWithBench } from './end-with-bench.ts'
import type { Lab } from './lab.ts'
import type { OpenTemporal } from './temporal-place.ts'
import type { TemporalPrograms } from './temporal-programs.ts'
import { prepareTemporal } from './temporal-readiness.ts'

const run = promisify(execFile)

const HOST = '127.0.0.1'
const PLUGIN = 'postgres12'
const SCHEMAS = 'postgresql/v12'
const HISTORY_SHARDS = 4
/** Of each of the server's four services; together they stay below what PostgreSQL takes. */
const CONNECTIONS = 20
const VISIBILITY_CONNECTIONS = 5
const SCHEMA_WAIT_MS = 60_000

/** The server keeps its ports in columns of type smallint, so those that the system hands out are too high for it. */
const PORT_MAX = 32_768
const PORT_MIN = 20_000
const PORT_TRIES_MAX = 1_000

/** The settings that the server of docker-compose.yml has. */
const DYNAMIC_CONFIG_FILE = fileURLToPath(
  new URL('../../docker/temporal-dynamic-config.yaml', import.meta.url),
)

const SERVICES = ['FRONTEND', 'HISTORY', 'MATCHING', 'WORKER']

/** A server of its own with two fresh databases in the PostgreSQL of the bench. Resolves when workflows can be started. */
export async function openTemporalOnPostgres(
  lab: Lab,
  resources: AsyncDisposableStack,
  programs: TemporalPrograms,
): Promise<OpenTemporal> {
  const suffix = randomUUID().slice(0, 8)
  const main = await openDatabase(lab, resources, `temporal_${suffix}`)
  const visibility = await openDatabase(lab, resources, `temporal_visibility_${suffix}`)
  await makeTables(programs, main, `${SCHEMAS}/temporal`)
  await makeTables(programs, visibility, `${SCHEMAS}/visibility`)
  const folder = await lab.openFolder('temporal-on-postgres')
  const ports = await findPorts()
  const address = `${HOST}:${ports['FRONTEND_GRPC_PORT'] ?? ''}`
  let lastLine = 'it said nothing'
  const server = await startServerProcess({
    name: 'Temporal on PostgreSQL',
    command: programs.server,
    args: ['--allow-no-auth', 'start'],
    options: {
      cwd: folder,
      env: { ...ports, ...settingsOf(main, visibility) },
    },
    onLine: (line) => {
      lastLine = line
    },
  })
  endWithBench(server, 'SIGKILL')
  resources.defer(async () => stop(server))
  const target = { address, namespace: 'default', security: {} }
  try {
    await prepareTemporal(target, server.exited)
  } catch (cause) {
    throw new Error(`Temporal on PostgreSQL did not become ready. Its last words: ${lastLine}`, { cause })
  }
  return { target, access: {}, pid: server.pid }
}

/** Its databases go right after it, so nothing is lost when it has to be ended by force. */
async function stop(server: ServerProcess): Promise<void> {
  await server.stop([
    { signal: 'SIGTERM', waitMs: 10_000 },
    { signal: 'SIGKILL', waitMs: 3_000 },
  ])
}

async function openDatabase({ databases }: Lab, resources: AsyncDisposableStack, name: string): Promise<URL> {
  const url = new URL(await databases.createBare(name))
  resources.defer(async () => databases.drop(name))
  return url
}

async function makeTables({ sqlTool }: TemporalPrograms, database: URL, schema: string): Promise<void> {
  const { user, password, name } = partsOf(database)
  const env = {
    SQL_PLUGIN: PLUGIN,
    SQL_HOST: database.hostname,
    SQL_PORT: database.port,
    SQL_USER: user,
    SQL_PASSWORD: password,
    SQL_DATABASE: name,
  }
  await run(sqlTool, ['setup-schema', '--version', '0.0'], { env, timeout: SCHEMA_WAIT_MS })
  await run(sqlTool, ['update-schema', '--schema-name', schema], { env, timeout: SCHEMA_WAIT_MS })
}

/** What the server reads from its environment, and the file of settings that it names. */
function settingsOf(main: URL, visibility: URL): Record<string, string> {
  const { user, password, name } = partsOf(main)
  return {
    DB: PLUGIN,
    POSTGRES_SEEDS: main.hostname,
    DB_PORT: main.port,
    POSTGRES_USER: user,
    POSTGRES_PWD: password,
    DBNAME: name,
    VISIBILITY_DBNAME: partsOf(visibility).name,
    SQL_MAX_CONNS: String(CONNECTIONS),
    SQL_MAX_IDLE_CONNS: String(CONNECTIONS),
    SQL_VIS_MAX_CONNS: String(VISIBILITY_CONNECTIONS),
    SQL_VIS_MAX_IDLE_CONNS: String(VISIBILITY_CONNECTIONS),
    NUM_HISTORY_SHARDS: String(HISTORY_SHARDS),
    BIND_ON_IP: HOST,
    DYNAMIC_CONFIG_FILE_PATH: DYNAMIC_CONFIG_FILE,
    LOG_LEVEL: 'error',
  }
}

async function findPorts(): Promise<Record<string, string>> {
  const names = [
    'FRONTEND_HTTP_PORT',
    ...SERVICES.flatMap((service) => [`${service}_GRPC_PORT`, `${service}_MEMBERSHIP_PORT`]),
  ]
  const ports = new Set<number>()
  for (let tries = 0; ports.size < names.length; tries += 1) {
    if (tries === PORT_TRIES_MAX) throw new Error(`There are no ${names.length} free ports at ${HOST}.`)
    const port = randomInt(PORT_MIN, PORT_MAX)
    if (await isPortFree(HOST, port)) ports.add(port)
  }
  const found = [...ports]
  return Object.fromEntries(names.map((name, index) => [name, String(found[index])]))
}

function partsOf(database: URL): Record<'user' | 'password' | 'name', string> {
  return {
    user: decodeURIComponent(database.username),
    password: decodeURIComponent(database.password),
    name: database.pathname.slice(1),
  }
}
