// `npm run migrate`: brings PostgreSQL and Temporal to what this version needs. Safe to run again, and by several at once.
import { ConfigError, loadConfig } from '../config.ts'
import { migrate } from '../db/migrator.ts'
import { openClientLink } from '../temporal/connection.ts'
import { registerSearchAttributes } from '../temporal/search-attributes.ts'

async function run(): Promise<void> {
  const config = loadConfig(process.env, {}, ['DATABASE_URL', 'TEMPORAL_ADDRESS'])
  const done = await migrate(config.databaseUrl ?? '')
  console.log(done.length === 0 ? 'PostgreSQL: nothing to do.' : `PostgreSQL: ran ${done.join(', ')}.`)
  const link = openClientLink({
    address: config.temporalAddress ?? '',
    namespace: config.temporalNamespace,
    security: config.temporalSecurity,
  })
  try {
    const registration = await registerSearchAttributes(link.client())
    if (registration.kind === 'refused')
      console.log(`Temporal: this may not register search attributes here. Somebody who may runs:\n  ${registration.command}`)
    else if (registration.added.length === 0) console.log('Temporal: nothing to do.')
    else console.log(`Temporal: registered ${registration.added.join(', ')}.`)
  } finally {
    await link.close()
  }
}

try {
  await run()
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error)
  process.exitCode = 1
}
