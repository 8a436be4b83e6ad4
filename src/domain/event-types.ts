export interface EventType {
  name: string
  description: string
  /** An example of `data`, for documentation and test sends. */
  example: Readonly<Record<string, unknown>>
}

const task = { id: 'task_8f14e45f', title: 'Order the steel', status: 'open', projectId: 'project_c9f0f895' }
const project = { id: 'project_c9f0f895', name: 'North bridge', status: 'active' }
const phase = { id: 'phase_45c48cce', name: 'Foundations', projectId: 'project_c9f0f895', status: 'running' }

/** The catalogue. A new event type is one more entry here; subscriptions, documentation and the page follow from it. */
export const EVENT_TYPES: readonly EventType[] = [
  { name: 'task.created', description: 'A task was created.', example: task },
  { name: 'task.updated', description: 'A task was changed.', example: { ...task, status: 'done' } },
  {
    name: 'task.deleted',
    description: 'A task was deleted.',
    example: { id: task.id, projectId: task.projectId },
  },
  { name: 'project.created', description: 'A project was created.', example: project },
  {
    name: 'project.updated',
    description: 'A project was changed.',
    example: { ...project, name: 'North bridge II' },
  },
  { name: 'project.deleted', description: 'A project was deleted.', example: { id: project.id } },
  { name: 'phase.created', description: 'A phase was created.', example: phase },
  {
    name: 'phase.updated',
    description: 'A phase was changed.',
    example: { ...phase, name: 'Foundations, east' },
  },
  {
    name: 'phase.completed',
    description: 'A phase was completed.',
    example: { ...phase, status: 'completed' },
  },
]

const NAMES: ReadonlySet<string> = new Set(EVENT_TYPES.map(({ name }) => name))
const GROUPS: ReadonlySet<string> = new Set(EVENT_TYPES.map(({ name }) => groupPattern(name)))

function groupPattern(name: string): string {
  return `${name.slice(0, name.indexOf('.'))}.*`
}

/** Everything a subscription may name: the types, one pattern per group (`task.*`), and `*`. */
export const SUBSCRIPTION_PATTERNS: readonly string[] = [...NAMES, ...GROUPS, '*']

/** The patterns that match an event of this type; a webhook whose list holds any of them gets it. */
export function patternsMatching(type: string): readonly string[] {
  return [type, groupPattern(type), '*']
}

export function isSubscriptionPattern(text: string): boolean {
  return SUBSCRIPTION_PATTERNS.includes(text)
}

/** The types that any of these patterns stands for, in the order of the catalogue. */
export function eventTypesOf(patterns: readonly string[]): readonly EventType[] {
  return EVENT_TYPES.filter(({ name }) =>
    patternsMatching(name).some((pattern) => patterns.includes(pattern)),
  )
}

/** Every pattern that shares at least one type with this one: whose subscribers get some event that it stands for. */
export function patternsOverlapping(pattern: string): readonly string[] {
  return [...new Set(eventTypesOf([pattern]).flatMap(({ name }) => patternsMatching(name)))]
}
