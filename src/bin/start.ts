// `npm start`: PostgreSQL, Temporal, the API, the worker and an inbox, on this machine alone.
import { createTerminalLog } from '../local/local-log.ts'
import { LocalRuntimeError } from '../local/local-error.ts'
import { LOCAL_SERVICE } from '../local/local-service.ts'
import { createLocalRuntime } from '../local/runtime.ts'
import { describeStartFailure } from '../composition/service-process.ts'
import { listenForStop } from '../composition/stop-signals.ts'

const stop = listenForStop()
const log = createTerminalLog(process.env['LOG_LEVEL'])
const runtime = createLocalRuntime({ env: process.env, log, printDelivery: log.notice, ...LOCAL_SERVICE })

void stop.insisted.then(async () => {
  await runtime.kill()
  process.exit(130)
})

try {
  const ready = await Promise.race([runtime.start(), stop.requested])
  if (ready !== undefined) process.stdout.write(ready.banner)
  await stop.requested
  log.info('Stopping.')
  await runtime.stop()
  log.info('Stopped.')
  process.exit(0)
} catch (error) {
  process.stderr.write(
    `${error instanceof LocalRuntimeError ? error.message : describeStartFailure(error)}\n`,
  )
  process.exit(1)
}
