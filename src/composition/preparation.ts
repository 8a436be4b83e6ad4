import type { Config } from '../config.ts'
import { migrate } from '../db/migrator.ts'
import { openClientLink } from '../temporal/connection.ts'
import { registerCommand, registerSearchAttributes } from '../temporal/search-attributes.ts'

export interface Preparation {
  /** The names of the migrations that ran. */
  readonly migrations: readonly string[]
  /** What somebody has to run on Temporal by hand, and why; null when nothing is left to do there. */
  readonly leftToDo: { reason: 'refused' | 'away' | 'unset'; command: string } | null
}

/** Brings the schema up to date and registers the search attributes. Safe to repeat, and by several at once. */
export async function prepareInstallation(config: Config): Promise<Preparation> {
  if (config.databaseUrl === null) throw new Error('DATABASE_URL is needed.')
  const migrations = await migrate(config.databaseUrl)
  return { migrations, leftToDo: await prepareTemporal(config) }
}

async function prepareTemporal(config: Config): Promise<Preparation['leftToDo']> {
  const { temporalAddress, temporalNamespace, temporalSecurity } = config
  const command = registerCommand(temporalNamespace)
  if (temporalAddress === null) return { reason: 'unset', command }
  const link = openClientLink({
    address: temporalAddress,
    namespace: temporalNamespace,
    security: temporalSecurity,
  })
  try {
    const registration = await registerSearchAttributes(link.client())
    return registration.kind === 'registered' ? null : { reason: 'refused', command: registration.command }
  } catch {
    return { reason: 'away', command }
  } finally {
    await link.close()
  }
}
