import { expect, test } from 'vitest'

import { isServerNewEnough } from '../../../src/local/temporal-release.ts'

test.each([
  ['temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)', true],
  ['temporal version 2.0.0 (Server 2.1.0, UI 3.0.0)', true],
  ['temporal version 1.8.0 (Server 1.31.9, UI 2.54.1)', false],
  ['tctl version 1.18.4', false],
  ['', false],
])('%o: new enough is %s', (text, expected) => {
  expect(isServerNewEnough(text)).toBe(expected)
})
