// `npm run mutation [name…]`: changes the files on which safety and timing rest, one small change at a time, and tells
// which changes no unit test notices. All of them take about half an hour on two processors; docs/mutation-testing.md explains what survives.
import { Stryker } from '@stryker-mutator/core'

interface Subject {
  /** What is changed. */
  mutate: string[]
  /** What must notice. */
  tests: string[]
}

const SUBJECTS: Record<string, Subject> = {
  schedule: {
    mutate: ['src/domain/schedule.ts', 'src/domain/duration.ts'],
    tests: ['test/unit/domain/schedule.test.ts'],
  },
  verdict: { mutate: ['src/domain/verdict.ts'], tests: ['test/unit/domain/verdict.test.ts'] },
  decision: {
    mutate: ['src/domain/attempt-decision.ts'],
    tests: ['test/unit/domain/attempt-decision.test.ts'],
  },
  lane: { mutate: ['src/domain/webhook-lane.ts'], tests: ['test/unit/domain/webhook-lane.test.ts'] },
  request: {
    mutate: ['src/sending/signature.ts', 'src/sending/request.ts'],
    tests: ['test/unit/sending/request.test.ts'],
  },
  guard: {
    mutate: ['src/sending/address.ts', 'src/sending/host-name.ts', 'src/sending/target-url.ts'],
    tests: ['test/unit/sending/address.test.ts', 'test/unit/sending/target-url.test.ts'],
  },
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(SUBJECTS, name))
if (unknown.length > 0) {
  console.error(`No such subject: ${unknown.join(', ')}. There are: ${Object.keys(SUBJECTS).join(', ')}.`)
  process.exit(1)
}

for (const [name, { mutate, tests }] of Object.entries(SUBJECTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n${name}: ${mutate.join(', ')}`)
  const vitest = 'node node_modules/vitest/vitest.mjs run --project unit --bail 1 --reporter dot'
  const stryker = new Stryker({
    configFile: 'stryker.config.json',
    mutate,
    commandRunner: { command: `${vitest} ${tests.join(' ')}` },
    jsonReporter: { fileName: `reports/mutation/${name}.json` },
  })
  await stryker.runMutationTest()
}
