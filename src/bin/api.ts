// `npm run api`: the API, the settings page and a dispatcher, as a process of production.
import { runProcess } from './run-process.ts'

await runProcess({ api: true, worker: false })
