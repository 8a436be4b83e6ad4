import { once } from 'node:events'

import { type Service, type ServiceParts, startService } from '../composition/service.ts'
import { BUNDLE_DIRECTORY } from '../composition/service.ts'
import { type Config, ConfigError, loadConfig } from '../config.ts'

/** Runs one process of production until it is told to stop. A second signal ends it at once. */
export async function runProcess(parts: ServiceParts): Promise<void> {
  const config = readConfig()
  const service: Service = await startService(config, parts, { bundleDirectory: BUNDLE_DIRECTORY })
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(1))
  await service.stop()
}

function readConfig(): Config {
  try {
    return loadConfig(process.env, {}, ['DATABASE_URL', 'POSTRIDER_MASTER_KEYS', 'TEMPORAL_ADDRESS'])
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(1)
  }
}
