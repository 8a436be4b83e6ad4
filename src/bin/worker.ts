// `npm run worker`: a Temporal worker and a dispatcher, as a process of production.
import { runProcess } from './run-process.ts'

await runProcess({ api: false, worker: true })
