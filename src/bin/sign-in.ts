// `npm run sign-in`: prints a link that signs the operator in at the settings page, once, within 24 hours.
import { createOperatorLink } from '../composition/operator-link.ts'
import { describeStartFailure } from '../composition/service-process.ts'
import { type Config, loadConfig } from '../config.ts'
import { openDatabase } from '../db/database.ts'
import { createIdSource } from '../db/ids.ts'
import { findRunningService } from '../local/data-directory.ts'
import { LocalRuntimeError } from '../local/local-error.ts'

/** The service that the environment names, or else the `npm start` of this data directory. */
function findService(config: Config): { databaseUrl: string; publicUrl: string } {
  const running = findRunningService(config.dataDir)
  const databaseUrl = config.databaseUrl ?? running?.databaseUrl
  if (databaseUrl === undefined)
    throw new LocalRuntimeError(
      'Nothing runs here: run "npm start" first, or set DATABASE_URL and PUBLIC_URL.',
    )
  const isRunningOne = running?.databaseUrl === databaseUrl
  return { databaseUrl, publicUrl: isRunningOne ? running.publicUrl : config.publicUrl }
}

try {
  const { databaseUrl, publicUrl } = findService(loadConfig(process.env))
  const database = await openDatabase({ url: databaseUrl, connectionsMax: 1 })
  const link = await createOperatorLink(database, createIdSource(), publicUrl)
  await database.close()
  if (link === null)
    throw new LocalRuntimeError(
      'There is no operator yet: start the API with POSTRIDER_BOOTSTRAP_API_KEY first.',
    )
  console.log(link)
} catch (error) {
  console.error(error instanceof LocalRuntimeError ? error.message : describeStartFailure(error))
  process.exitCode = 1
}
