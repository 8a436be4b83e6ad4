export const ALL_EVENTS = '*'

export type Check = 'on' | 'off' | 'some'

export function groupOf(type: string): string {
  return `${type.slice(0, type.indexOf('.'))}.*`
}

/** The groups of a catalogue in its order: `task.*`, `project.*` … */
export function groupsOf(types: readonly string[]): string[] {
  return [...new Set(types.map(groupOf))]
}

/** What the box of a type, a group or "All events" shows for a list of subscribed patterns. */
export function checkOf(events: readonly string[], pattern: string): Check {
  if (events.includes(ALL_EVENTS) || events.includes(pattern)) return 'on'
  if (pattern === ALL_EVENTS) return events.length > 0 ? 'some' : 'off'
  if (pattern.endsWith('.*')) return events.some((event) => groupOf(event) === pattern) ? 'some' : 'off'
  return events.includes(groupOf(pattern)) ? 'on' : 'off'
}

/**
 * The list after a press on a box. Taking one thing out of a whole names the rest of it: out of `task.*` without
 * `task.created` become the other two types, and what the catalogue gains later is no longer included.
 */
export function pressed(events: readonly string[], pattern: string, types: readonly string[]): string[] {
  if (pattern === ALL_EVENTS) return events.includes(ALL_EVENTS) ? [] : [ALL_EVENTS]
  const isOn = checkOf(events, pattern) === 'on'
  const narrowed = narrowedTo(events, pattern, types)
  if (isOn) return narrowed.filter((event) => event !== pattern)
  const isGroup = pattern.endsWith('.*')
  return [...narrowed.filter((event) => !isGroup || groupOf(event) !== pattern), pattern]
}

/** The same subscription, written so that `pattern` is no longer covered by a wider one. */
function narrowedTo(events: readonly string[], pattern: string, types: readonly string[]): string[] {
  const groups = events.includes(ALL_EVENTS) ? groupsOf(types) : [...events]
  const group = groupOf(pattern)
  if (pattern === group || !groups.includes(group)) return groups
  return groups.flatMap((event) =>
    event === group ? types.filter((type) => groupOf(type) === group) : [event],
  )
}
