// `npm run check`: everything that has to be true before a change goes in, and exactly what CI runs. All steps
// run even when one fails, so that one run tells everything; the last line counts steps and tests together.
import { spawn } from 'node:child_process'
import { readTallyLine, tallyLine } from './tally.ts'

const STEPS = ['types', 'lint', 'lint:openapi', 'format:check', 'dead-code'] as const

const total = { passed: 0, failed: 0, skipped: 0 }
const failedSteps: string[] = []

for (const step of STEPS) {
  const { exitCode } = await runScript(step)
  if (exitCode === 0) total.passed += 1
  else {
    total.failed += 1
    failedSteps.push(step)
  }
}

const tests = await runScript('test')
const tally = readTallyLine(tests.lastLine)
total.passed += tally?.passed ?? 0
total.skipped += tally?.skipped ?? 0
total.failed += tally?.failed ?? 0
if (tests.exitCode !== 0) {
  failedSteps.push('test')
  if (tally === undefined || tally.failed === 0) total.failed += 1
}

if (failedSteps.length > 0) console.log(`Failed: ${failedSteps.map((step) => `npm run ${step}`).join(', ')}`)
console.log(tallyLine(total))
process.exit(total.failed === 0 ? 0 : 1)

/** Runs one npm script, shows its output as it comes, and gives back how it ended and its last line. */
async function runScript(name: string): Promise<{ exitCode: number; lastLine: string }> {
  console.log(`\n> npm run ${name}`)
  const startedAt = performance.now()
  const child = spawn('npm', ['run', '--silent', name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  })
  let tail = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    process.stdout.write(chunk)
    tail = (tail + chunk).slice(-2000)
  })
  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', (error) => {
      console.error(error)
      resolve(1)
    })
    child.once('close', (code) => {
      resolve(code ?? 1)
    })
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${exitCode === 0 ? 'ok' : 'FAILED'}: npm run ${name} (${seconds} s)`)
  return { exitCode, lastLine: tail.trimEnd().split('\n').at(-1) ?? '' }
}
