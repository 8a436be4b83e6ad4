import { once } from 'node:events'

import { startTestPostgres, startTestTemporal } from './local-servers.ts'

/** PostgreSQL and Temporal for trying things by hand: prints where they are and runs until it is stopped. */
const [postgres, temporal] = await Promise.all([startTestPostgres(), startTestTemporal({ hasUi: true })])
process.stdout.write(`DATABASE_URL=${postgres.url}\nTEMPORAL_ADDRESS=${temporal.address}\n`)
process.stdout.write(`Temporal UI: ${temporal.uiUrl ?? 'none'}\n`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
await Promise.all([postgres.stop(), temporal.stop()])
