import { expect, test } from 'vitest'
import { percent } from '../../ui/src/text/number.ts'
import { duration, relativeTime } from '../../ui/src/text/time.ts'
import { shownUrl } from '../../ui/src/text/url.ts'
import { indentedJson, rawMember, visibleText } from '../../ui/src/text/visible-text.ts'
import { checkOf, pressed } from '../../ui/src/webhooks/event-choice.ts'
import { scheduleInWords } from '../../ui/src/webhooks/schedule-choice.ts'

const TYPES = ['task.created', 'task.updated', 'task.deleted', 'project.created', 'project.updated']

test('only a flawless record reads 100 %', () => {
  expect(percent(1)).toBe('100\u00a0%')
  expect(percent(0.9997)).toBe('99.9\u00a0%')
  expect(percent(0.972)).toBe('97.2\u00a0%')
  expect(percent(null)).toBe('–')
})

test('times read from where one stands', () => {
  const nowMs = Date.parse('2030-01-01T12:00:00.000Z')
  expect(relativeTime('2030-01-01T11:56:00.000Z', nowMs)).toBe('4 min ago')
  expect(relativeTime('2030-01-01T12:04:00.000Z', nowMs)).toBe('in 4 min')
  expect(relativeTime('2029-12-29T12:00:00.000Z', nowMs)).toBe('3 d ago')
  expect(duration(138_960_000)).toBe('38 h 36 min')
  expect(scheduleInWords(['1m', '5m', '30m', '2h', '12h', '24h'])).toBe('7 attempts in 38 h 36 min')
  expect(scheduleInWords(['1m', 'soon'])).toBeUndefined()
})

test('marks that hide or turn text are made visible, line breaks stay', () => {
  expect(visibleText('a\u202eb\u0000\n\tc\u200d')).toBe('a⟨U+202E⟩b⟨U+0000⟩\n\tc⟨U+200D⟩')
  expect(shownUrl('https://раура1.com/')).toMatch(/^https:\/\/xn--/)
})

test('JSON is laid out without touching its numbers or strings', () => {
  expect(indentedJson('{"a":1.50,"b":[12345678901234567890,{}],"c":"x, {y}: \\"z\\""}')).toBe(
    '{\n  "a": 1.50,\n  "b": [\n    12345678901234567890,\n    {}\n  ],\n  "c": "x, {y}: \\"z\\""\n}',
  )
  expect(indentedJson('no json, {')).toBe('no json, {')
})

test('a member is cut out of JSON as it was written', () => {
  const text = '{"id":"x","data":{"n":1e400,"data":[1,{"b":"}"}]},"timestamp":"t","deliveries":[]}'
  expect(rawMember(text, 'data')).toBe('{"n":1e400,"data":[1,{"b":"}"}]}')
  expect(rawMember(text, 'timestamp')).toBe('"t"')
  expect(rawMember(text, 'deliveries')).toBe('[]')
  expect(rawMember(text, 'other')).toBeUndefined()
})

test('the boxes of the event tree mean what they show', () => {
  expect(pressed([], 'task.*', TYPES)).toEqual(['task.*'])
  expect(pressed(['task.*'], 'task.created', TYPES)).toEqual(['task.updated', 'task.deleted'])
  expect(pressed(['*'], 'task.created', TYPES)).toEqual(['task.updated', 'task.deleted', 'project.*'])
  expect(pressed(['*'], 'task.*', TYPES)).toEqual(['project.*'])
  expect(pressed(['task.created', 'project.*'], 'task.*', TYPES)).toEqual(['project.*', 'task.*'])
  expect(pressed(['task.created'], '*', TYPES)).toEqual(['*'])
  expect(pressed(['*'], '*', TYPES)).toEqual([])
  expect(checkOf(['task.created'], 'task.*')).toBe('some')
  expect(checkOf(['task.created'], '*')).toBe('some')
  expect(checkOf(['task.*'], 'task.deleted')).toBe('on')
  expect(checkOf(['*'], 'project.*')).toBe('on')
})
