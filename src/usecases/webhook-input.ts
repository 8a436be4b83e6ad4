import type { WebhookColumns } from '../db/webhooks.ts'
import { DomainError, type InputProblem } from '../domain/errors.ts'
import { isSubscriptionPattern } from '../domain/event-types.ts'
import { checkWaits, formatSchedule, isScheduleName } from '../domain/schedule.ts'
import type { EndpointRules } from './webhook-deps.ts'

/** The members that an owner sets, as they are written in a request. Lengths and types are checked by then. */
export interface WebhookInput {
  url?: string
  events?: readonly string[]
  description?: string | null
  schedule?: string | readonly string[]
  headers?: Readonly<Record<string, string>>
  timeoutMs?: number | null
  concurrency?: number
  secret?: string
}

/** What is stored of an input; the headers are still in clear text. */
export interface CheckedWebhook {
  columns: Partial<Omit<WebhookColumns, 'headersEncrypted' | 'headerNames'>>
  headers: Readonly<Record<string, string>> | undefined
}

/** What a stored header value is shown as; sent back in a change it means "as it is". */
export const MASK = '••••'

/**
 * Checks all members and throws one `invalid_input` with everything that is wrong.
 * @param knownHeaders names of stored headers, whose values may be given as the mask.
 */
export function checkWebhookInput(
  input: WebhookInput,
  rules: EndpointRules,
  knownHeaders: readonly string[] = [],
): CheckedWebhook {
  const problems: InputProblem[] = []
  const columns = {
    ...(input.url === undefined ? {} : { url: checkUrl(input.url, rules, problems) }),
    ...(input.description === undefined ? {} : { description: input.description }),
    ...(input.events === undefined ? {} : { events: checkEvents(input.events, problems) }),
    ...(input.schedule === undefined ? {} : { schedule: checkSchedule(input.schedule, problems) }),
    ...(input.timeoutMs === undefined ? {} : { timeoutMs: input.timeoutMs }),
    ...(input.concurrency === undefined ? {} : { concurrency: input.concurrency }),
  }
  const headers =
    input.headers === undefined ? undefined : checkHeaders(input.headers, rules, knownHeaders, problems)
  if (input.secret !== undefined) checkSecret(input.secret, rules, problems)
  refuseProblems(problems)
  return { columns, headers }
}

/** Throws when the list has anything in it. */
export function refuseProblems(problems: readonly InputProblem[]): void {
  const [first, ...others] = problems
  if (first === undefined) return
  const message =
    others.length === 0 ? first.detail : `${problems.length} problems with the input; see errors.`
  throw new DomainError('invalid_input', message, { errors: problems })
}

export function checkUrl(text: string, rules: EndpointRules, problems: InputProblem[]): string {
  const checked = rules.checkUrl(text)
  if (checked.ok) return checked.href
  problems.push({ pointer: '/url', detail: checked.reason })
  return text
}

export function checkSecret(secret: string, rules: EndpointRules, problems: InputProblem[]): void {
  const checked = rules.checkSecret(secret)
  if (!checked.ok) problems.push({ pointer: '/secret', detail: checked.reason })
}

function checkEvents(events: readonly string[], problems: InputProblem[]): readonly string[] {
  for (const [index, name] of events.entries()) {
    if (isSubscriptionPattern(name)) continue
    const detail = `There is no event type ${JSON.stringify(name)}. Name one of GET /api/v1/event-types, a group such as "task.*", or "*".`
    problems.push({ pointer: `/events/${index}`, detail })
  }
  return [...new Set(events)]
}

function checkSchedule(schedule: string | readonly string[], problems: InputProblem[]): string {
  if (typeof schedule === 'string') {
    if (isScheduleName(schedule)) return schedule
    const detail = `There is no schedule ${JSON.stringify(schedule)}: it is "standard", "short", or a list of waits such as ["1m","2h"].`
    problems.push({ pointer: '/schedule', detail })
    return schedule
  }
  for (const { index, detail } of checkWaits(schedule))
    problems.push({ pointer: index < 0 ? '/schedule' : `/schedule/${index}`, detail })
  return formatSchedule(schedule)
}

function checkHeaders(
  headers: Readonly<Record<string, string>>,
  rules: EndpointRules,
  knownHeaders: readonly string[],
  problems: InputProblem[],
): Readonly<Record<string, string>> {
  const isKept = (name: string, value: string) => value === MASK && knownHeaders.includes(name.toLowerCase())
  // Names are judged together, so a kept value takes part as something that is certainly allowed.
  const judged = Object.entries(headers).map(([name, value]) => [name, isKept(name, value) ? 'kept' : value])
  const checked = rules.checkHeaders(Object.fromEntries(judged) as Record<string, string>)
  if (!checked.ok) {
    for (const { name, detail } of checked.problems)
      problems.push({ pointer: name === '' ? '/headers' : `/headers/${escapePointer(name)}`, detail })
    return {}
  }
  const written = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return Object.fromEntries(Object.keys(checked.headers).map((name) => [name, written.get(name) ?? '']))
}

function escapePointer(name: string): string {
  return name.slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1')
}
