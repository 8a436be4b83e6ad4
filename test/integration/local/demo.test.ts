import { afterEach, expect, test } from 'vitest'

import {
  bareEnvironment,
  createDataDir,
  endStartedCommands,
  startCommand,
} from '../../support/local-start.ts'

afterEach(endStartedCommands)

test('the demo shows two failures and a delivery, verified, and stops what it started', async () => {
  await using dataDir = await createDataDir()
  const demo = startCommand('demo', bareEnvironment(dataDir.path))
  expect(await demo.ended).toBe(0)
  const attempts = demo.output().match(/attempt \d {2}verified {2}answered \d+/g)
  expect(attempts).toEqual([
    'attempt 1  verified  answered 503',
    'attempt 2  verified  answered 503',
    'attempt 3  verified  answered 200',
  ])
  expect(demo.output()).toContain('Delivered with attempt 3')
}, 120_000)
