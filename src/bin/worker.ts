// `npm run worker`: makes the deliveries, against DATABASE_URL and TEMPORAL_ADDRESS. Any number of them.
import { runServiceProcess } from '../composition/service-process.ts'

await runServiceProcess(process.env, { api: false, worker: true })
