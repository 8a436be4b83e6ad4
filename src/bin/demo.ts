// `npm run demo`: shows one delivery that fails twice, with the running `npm start` or with one of its own.
import { describeStartFailure } from '../composition/service-process.ts'
import { listenForStop } from '../composition/stop-signals.ts'
import { loadConfig } from '../config.ts'
import { findRunningService } from '../local/data-directory.ts'
import { runDemo } from '../local/demo.ts'
import { LocalRuntimeError } from '../local/local-error.ts'
import { createTerminalLog } from '../local/local-log.ts'
import { LOCAL_SERVICE } from '../local/local-service.ts'
import { createLocalRuntime } from '../local/runtime.ts'

/** The log would drown the story; what goes wrong is shown all the same. */
const env = { LOG_LEVEL: 'warn', ...process.env }
const stop = listenForStop()
const { notice: print } = createTerminalLog(env.LOG_LEVEL)
let ownRuntime: ReturnType<typeof createLocalRuntime> | undefined

const stopped = stop.requested.then(async () => {
  await ownRuntime?.stop()
  process.exit(130)
})
void stop.insisted.then(async () => {
  await ownRuntime?.kill()
  process.exit(130)
})

try {
  const running = findRunningService(loadConfig(env).dataDir)
  if (running === undefined) {
    print('Nothing runs here yet, so everything is started for this demo and stopped after it.')
    const log = createTerminalLog(env.LOG_LEVEL)
    ownRuntime = createLocalRuntime({ env, log, printDelivery: print, ...LOCAL_SERVICE })
  }
  const service = running ?? (await Promise.race([ownRuntime?.start(), stopped]))
  if (service !== undefined) await runDemo(service, print)
  await ownRuntime?.stop()
  process.exit(0)
} catch (error) {
  console.error(error instanceof LocalRuntimeError ? error.message : describeStartFailure(error))
  await ownRuntime?.stop()
  process.exit(1)
}
