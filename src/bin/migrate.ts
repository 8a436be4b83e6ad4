// `npm run migrate`: brings the schema up to date and registers the search attributes. To be run before a new version.
import { prepareInstallation, type Preparation } from '../composition/preparation.ts'
import { describeStartFailure } from '../composition/service-process.ts'
import { loadConfig } from '../config.ts'

const WHY: Record<NonNullable<Preparation['leftToDo']>['reason'], string> = {
  unset: 'TEMPORAL_ADDRESS is not set, so the search attributes are left to you. On the Temporal server run:',
  refused: 'Temporal does not let this process register the search attributes. Somebody who may has to run:',
  away: 'Temporal cannot be reached, so the search attributes are not registered. Try again later, or run:',
}

try {
  const { migrations, leftToDo } = await prepareInstallation(loadConfig(process.env, {}, ['DATABASE_URL']))
  console.log(migrations.length === 0 ? 'The schema is up to date.' : `Migrated: ${migrations.join(', ')}.`)
  if (leftToDo === null) console.log('The search attributes are registered.')
  else console.log(`${WHY[leftToDo.reason]}\n\n  ${leftToDo.command}\n`)
  process.exitCode = leftToDo?.reason === 'away' ? 1 : 0
} catch (error) {
  console.error(describeStartFailure(error))
  process.exitCode = 1
}
