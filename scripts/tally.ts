import type { TestModule, TestProject } from 'vitest/node'

/** How a run of the tests ended, and which tests it left out. */
export interface Tally {
  passed: number
  failed: number
  skipped: SkippedTest[]
}

export interface SkippedTest {
  name: string
  /** What the test gave to `context.skip(reason)`; undefined when it gave none. */
  reason: string | undefined
}

/** The line that ends every run, alone on a line: `12 passed, 0 failed`, with `, 1 skipped` when there are any. */
export function tallyLine(tally: { passed: number; failed: number; skipped: number }): string {
  const counts = `${tally.passed} passed, ${tally.failed} failed`
  return tally.skipped > 0 ? `${counts}, ${tally.skipped} skipped` : counts
}

/** Reads a counted line back; undefined for any other line. */
export function readTallyLine(line: string): { passed: number; failed: number; skipped: number } | undefined {
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line.trim())
  if (match === null) return undefined
  return {
    passed: Number(match[1]),
    failed: Number(match[2]),
    skipped: Number(match[3] ?? 0),
  }
}

/**
 * Counts tests. A file or a suite that broke outside its tests, and every error that no test caught, count as one
 * failure each: a run must not look well because a hook failed before its first test.
 */
export function countTests(modules: Iterable<TestModule>, unhandledErrorCount: number): Tally {
  const tally: Tally = { passed: 0, failed: unhandledErrorCount, skipped: [] }
  for (const module of modules) {
    tally.failed += module.errors().length > 0 ? 1 : 0
    for (const suite of module.children.allSuites()) tally.failed += suite.errors().length > 0 ? 1 : 0
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') tally.passed += 1
      else if (result.state === 'failed') tally.failed += 1
      else if (result.state === 'skipped') {
        tally.skipped.push({
          name: `${projectName(test.project)}${test.fullName}`,
          reason: result.note,
        })
      } else tally.failed += 1
    }
  }
  return tally
}

function projectName(project: TestProject): string {
  return project.name === '' ? '' : `[${project.name}] `
}
