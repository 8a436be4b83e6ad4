// Runs the tests (`npm test -- <vitest's own arguments>`) and ends with the counted line, whatever happens.
import { createVitest, parseCLI } from 'vitest/node'
import { countTests, tallyLine } from './tally.ts'

const CLOSE_DEADLINE_MS = 60_000

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)])
const isWholeRun = options.testNamePattern === undefined

const vitest = await createVitest({ ...options, run: true, watch: false })
let interruption: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Without this the servers that the tests share would outlive an interrupted run.
  process.once(signal, () => {
    interruption = signal
    void vitest.cancelCurrentRun('keyboard-input')
  })
}

let startFailures = 0
try {
  await vitest.start(filter)
} catch (error) {
  startFailures = 1
  console.error(error)
}
const modules = vitest.state.getTestModules()
const tally = countTests(modules, vitest.state.getUnhandledErrors().length + startFailures)
await closeInTime()

for (const { name, reason } of isWholeRun ? tally.skipped : []) {
  console.log(`skipped: ${name} (${reason ?? 'no reason given'})`)
}
// After another failure tests are skipped without anybody having written a skip.
const silentSkips =
  isWholeRun && tally.failed === 0 ? tally.skipped.filter((test) => test.reason === undefined) : []
if (silentSkips.length > 0) {
  console.log('A test may be skipped only with a reason: `context.skip(reason)`.')
}
if (interruption !== undefined) console.log(`Stopped by ${interruption}.`)
if (modules.length === 0) console.log('No test was found.')

const failed = tally.failed + silentSkips.length
const isGood = failed === 0 && interruption === undefined && modules.length > 0
console.log(
  tallyLine({
    passed: tally.passed,
    failed,
    skipped: tally.skipped.length - silentSkips.length,
  }),
)
process.exit(isGood ? 0 : 1)

/** A handle that some test forgot must not keep the run from ending. */
async function closeInTime(): Promise<void> {
  const deadline = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => {
    console.error(`The tests did not close within ${CLOSE_DEADLINE_MS} ms.`)
    startFailures += 1
    deadline.resolve(undefined)
  }, CLOSE_DEADLINE_MS)
  await Promise.race([vitest.close(), deadline.promise])
  clearTimeout(timer)
}
