import { ConfigError, loadConfig } from '../config.ts'
import { BUNDLE_DIRECTORY, type ServiceParts, startService } from './service.ts'
import { listenForStop } from './stop-signals.ts'

/**
 * Runs one production process of the service until it is told to stop: the first signal lets attempts in flight
 * finish, a second one ends it at once. What keeps it from starting is told in one sentence and by exit code 1.
 */
export async function runServiceProcess(
  env: Readonly<Record<string, string | undefined>>,
  parts: ServiceParts,
): Promise<never> {
  const stop = listenForStop()
  void stop.insisted.then(() => process.exit(130))
  try {
    const config = loadConfig(env, {}, ['DATABASE_URL', 'POSTRIDER_MASTER_KEYS'])
    const service = await startService(config, parts, { bundleDirectory: BUNDLE_DIRECTORY })
    await stop.requested
    await service.stop()
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${describeStartFailure(error)}\n`)
    process.exit(1)
  }
}

/** A sentence where we know what to do about it; else all there is to find the fault with. */
export function describeStartFailure(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'EADDRINUSE' && 'port' in error)
    return `Port ${String(error.port)} is in use: stop the program that listens there, or set PORT to another port.`
  return error.stack ?? error.message
}
