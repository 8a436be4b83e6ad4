import { describe, expect, test } from 'vitest'

import {
  EVENT_TYPES,
  eventTypesOf,
  isSubscriptionPattern,
  patternsMatching,
  patternsOverlapping,
} from '../../../src/domain/event-types.ts'

describe('subscription patterns', () => {
  test('are the types, their groups and everything', () => {
    for (const pattern of ['task.created', 'phase.completed', 'task.*', '*'])
      expect(isSubscriptionPattern(pattern), pattern).toBe(true)
    for (const pattern of ['task', 'task.', 'task.**', '*.created', 'user.*', '', 'TASK.CREATED'])
      expect(isSubscriptionPattern(pattern), pattern).toBe(false)
  })

  test('stand for types, in the order of the catalogue and once each', () => {
    expect(eventTypesOf(['*'])).toEqual(EVENT_TYPES)
    expect(eventTypesOf(['phase.completed', 'task.*', 'task.created']).map(({ name }) => name)).toEqual([
      'task.created',
      'task.updated',
      'task.deleted',
      'phase.completed',
    ])
  })

  test('overlap where they share a type', () => {
    expect(patternsOverlapping('task.created')).toEqual(patternsMatching('task.created'))
    expect([...patternsOverlapping('task.*')].sort()).toEqual([
      '*',
      'task.*',
      'task.created',
      'task.deleted',
      'task.updated',
    ])
    expect(patternsOverlapping('user.*')).toEqual([])
  })
})
