import { readFileSync } from 'node:fs'

/** What one recorded run of `deliver` was made of. */
export interface HistoryCounts {
  readonly events: number
  /** What Temporal Cloud bills for: starts, tries of activities, local activities, timers, signals, search attributes. */
  readonly actions: number
}

interface RecordedHistory {
  events: { eventType: string; activityTaskStartedEventAttributes?: { attempt?: number } }[]
}

const BILLED = new Set([
  'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
  'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED',
  'EVENT_TYPE_MARKER_RECORDED',
  'EVENT_TYPE_TIMER_STARTED',
  'EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES',
])

/** Counts a history that the tests have recorded, by its name. */
export function countHistory(name: string): HistoryCounts {
  const file = new URL(`../../test/workflows/histories/${name}.json`, import.meta.url)
  const { events } = JSON.parse(readFileSync(file, 'utf8')) as RecordedHistory
  const actions = events.reduce((sum, { eventType, activityTaskStartedEventAttributes }) => {
    if (activityTaskStartedEventAttributes !== undefined)
      return sum + (activityTaskStartedEventAttributes.attempt ?? 1)
    return sum + (BILLED.has(eventType) ? 1 : 0)
  }, 0)
  return { events: events.length, actions }
}
