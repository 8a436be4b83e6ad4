import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { findFreePort } from '../../src/local/ports.ts'
import { createKeyText } from '../../src/usecases/api-key-text.ts'
import { type Management, openManagement } from './management.ts'
import { profileFlags, type ServerProcess, startProgram } from './server-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HOST = '127.0.0.1'

export type FirstAttempt = 'workflow' | 'direct' | 'auto'

/** Which processes make up the service. */
export type Layout =
  /** All in one, as `npm start` runs it; there alone workflows start eagerly. */
  | { readonly kind: 'one' }
  /** As in production: so many of each. */
  | { readonly kind: 'apart'; readonly apis: number; readonly workers: number }

export interface ServiceWish {
  readonly firstAttempt: FirstAttempt
  readonly layout: Layout
  readonly databaseUrl: string
  readonly temporalAddress: string
  /** The namespace and how to be let in, by the names of the environment, where the server's own defaults do not do. */
  readonly temporalAccess?: Readonly<Record<string, string>>
  /** Logs and the data directory go here. */
  readonly directory: string
  /** Where processor profiles of the service's processes go; null makes none. */
  readonly profileDirectory: string | null
}

export interface ServicePart {
  readonly name: string
  readonly pid: () => number
  kill: () => Promise<void>
  /** Starts the part anew as it was. */
  restart: () => Promise<void>
  stop: () => Promise<void>
}

export interface RunningService {
  readonly origins: readonly string[]
  readonly apiKey: string
  readonly parts: readonly ServicePart[]
  readonly management: Management
  stop: () => Promise<void>
}

/** Starts the service's real processes and resolves when all are ready. */
export async function startService(wish: ServiceWish): Promise<RunningService> {
  const apiKey = createKeyText(randomUUID())
  const env = {
    ...wish.temporalAccess,
    DATABASE_URL: wish.databaseUrl,
    TEMPORAL_ADDRESS: wish.temporalAddress,
    POSTRIDER_MASTER_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    POSTRIDER_BOOTSTRAP_API_KEY: apiKey,
    POSTRIDER_FIRST_ATTEMPT: wish.firstAttempt,
    POSTRIDER_ALLOW_HTTP: 'true',
    POSTRIDER_ALLOWED_TARGETS: '127.0.0.0/8',
    LOG_LEVEL: 'warn',
  }
  const { layout } = wish
  const starting: Promise<ServicePart & { origin: string | null }>[] = []
  if (layout.kind === 'one') starting.push(startPart(wish, env, 'start', 1))
  else {
    for (let number = 1; number <= layout.apis; number += 1)
      starting.push(startPart(wish, env, 'api', number))
    for (let number = 1; number <= layout.workers; number += 1)
      starting.push(startPart(wish, env, 'worker', number))
  }
  const parts = await Promise.all(starting)
  const origins = parts.flatMap(({ origin }) => origin ?? [])
  return {
    origins,
    apiKey,
    parts,
    management: openManagement(origins[0] ?? '', apiKey),
    async stop() {
      await Promise.all(parts.map((part) => part.stop()))
    },
  }
}

async function startPart(
  { directory, profileDirectory }: ServiceWish,
  env: Readonly<Record<string, string>>,
  program: 'start' | 'api' | 'worker',
  number: number,
): Promise<ServicePart & { origin: string | null }> {
  const name = `${program}-${number}`
  const port = await findFreePort(HOST)
  const origin = program === 'worker' ? null : `http://${HOST}:${port}`
  const start = async (): Promise<ServerProcess> =>
    startProgram({
      name,
      arguments: [...profileFlags(profileDirectory), join(ROOT, 'src', 'bin', `${program}.ts`)],
      env: { ...env, PORT: String(port), POSTRIDER_DATA_DIR: join(directory, name) },
      logFile: join(directory, `${name}.log`),
      readyUrl: origin === null ? null : `${origin}/readyz`,
    })
  let process = await start()
  return {
    name,
    origin,
    pid: () => process.pid,
    kill: async () => process.kill(),
    stop: async () => process.stop(),
    async restart() {
      process = await start()
    },
  }
}
