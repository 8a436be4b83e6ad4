// `npm start`: PostgreSQL, Temporal, the API, the worker and an inbox, on this machine alone.
import { randomUUID } from 'node:crypto'

import { prepareInstallation } from '../composition/preparation.ts'
import { ConfigError } from '../config.ts'
import { createTerminalLog } from '../local/local-log.ts'
import { LocalRuntimeError } from '../local/local-error.ts'
import { startLocalService } from '../local/local-service.ts'
import { createLocalRuntime } from '../local/runtime.ts'
import { listenForStop } from '../local/stop-signals.ts'
import { createKeyText } from '../usecases/api-key-text.ts'

const stop = listenForStop()
const log = createTerminalLog(process.env['LOG_LEVEL'])
const runtime = createLocalRuntime({
  env: process.env,
  log,
  printDelivery: log.notice,
  createApiKey: () => createKeyText(randomUUID()),
  migrate: async (config) => {
    const { leftToDo } = await prepareInstallation(config)
    if (leftToDo !== null) log.warn(`Temporal lacks search attributes; run: ${leftToDo.command}`)
  },
  startService: startLocalService,
})

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
  const isForeseen = error instanceof LocalRuntimeError || error instanceof ConfigError
  process.stderr.write(`${isForeseen || !(error instanceof Error) ? String(error) : (error.stack ?? '')}\n`)
  process.exit(1)
}
