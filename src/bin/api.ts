// `npm run api`: the API and the settings page, against DATABASE_URL and TEMPORAL_ADDRESS. Any number of them.
import { runServiceProcess } from '../composition/service-process.ts'

await runServiceProcess(process.env, { api: true, worker: false })
