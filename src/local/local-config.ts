import { randomBytes } from 'node:crypto'

import { type Config, loadConfig, START_DEFAULTS } from '../config.ts'
import type { DataDirectory } from './data-directory.ts'
import type { LocalServers } from './local-servers.ts'
import type { PortWish } from './port-choice.ts'

const LOOPBACK = '127.0.0.1'
const MASTER_KEY_BYTES = 32

type Environment = Readonly<Record<string, string | undefined>>

/** The API's port comes first: it is the one that must be as asked for. */
export function portWishes(config: Config, env: Environment): PortWish[] {
  const wishOf = (setting: string, port: number): PortWish => ({
    setting,
    host: LOOPBACK,
    port,
    isExplicit: (env[setting] ?? '').trim() !== '',
  })
  return [
    { setting: 'PORT', host: config.host, port: config.port, isExplicit: true },
    wishOf('POSTRIDER_INBOX_PORT', config.inboxPort),
    ...(config.databaseUrl === null ? [wishOf('POSTRIDER_POSTGRES_PORT', config.postgresPort)] : []),
    ...(config.temporalAddress === null
      ? [
          wishOf('POSTRIDER_TEMPORAL_PORT', config.temporalPort),
          wishOf('POSTRIDER_TEMPORAL_UI_PORT', config.temporalUiPort),
        ]
      : []),
  ]
}

/** What the environment leaves open is filled with what was started and with the secrets of this data directory. */
export function completeConfig(
  { env, createApiKey }: { env: Environment; createApiKey: () => string },
  directory: DataDirectory,
  servers: LocalServers,
  ports: ReadonlyMap<string, number>,
): Config {
  const secrets = directory.keepSecrets(() => ({
    masterKeys: `local:${randomBytes(MASTER_KEY_BYTES).toString('base64')}`,
    apiKey: createApiKey(),
  }))
  return loadConfig(
    { ...(servers.temporal === null ? env : withoutTemporalAccess(env)), PORT: String(ports.get('PORT')) },
    {
      ...START_DEFAULTS,
      POSTRIDER_MASTER_KEYS: secrets.masterKeys,
      POSTRIDER_BOOTSTRAP_API_KEY: secrets.apiKey,
      DATABASE_URL: servers.postgres?.url,
      TEMPORAL_ADDRESS: servers.temporal?.address,
    },
    ['DATABASE_URL', 'TEMPORAL_ADDRESS'],
  )
}

/** Certificates and keys for some other Temporal do not fit ours. */
function withoutTemporalAccess(env: Environment): Environment {
  const isAccess = (name: string): boolean => name.startsWith('TEMPORAL_') && name !== 'TEMPORAL_NAMESPACE'
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isAccess(name)))
}
