import { errorOf } from '../api/problem.ts'
import type { Webhook, WebhookInput, WebhookPatch } from '../api/types.ts'

import { choiceFrom, scheduleFrom, type ScheduleChoice } from './schedule-choice.ts'

export interface HeaderRow {
  /** Tells rows apart while their names change. */
  id: number
  name: string
  value: string
}

/** The fields of a webhook as they are typed. */
export interface FormValues {
  url: string
  description: string
  events: string[]
  schedule: ScheduleChoice
  secret: string
  headers: HeaderRow[]
  /** In seconds, as typed. */
  timeoutSeconds: string
  concurrency: string
}

/** The members that have a field, which shows their errors. */
export const FORM_MEMBERS = [
  'url',
  'description',
  'events',
  'schedule',
  'secret',
  'headers',
  'timeoutMs',
  'concurrency',
] as const

/** Those under "More options". */
const OPTIONAL_MEMBERS = ['secret', 'headers', 'timeoutMs', 'concurrency'] as const

export function hasOptionalError(error: unknown): boolean {
  return OPTIONAL_MEMBERS.some((member) => errorOf(error, member) !== undefined)
}

export const EMPTY_FORM: FormValues = {
  url: '',
  description: '',
  events: [],
  schedule: { kind: 'standard', waitsText: '' },
  secret: '',
  headers: [],
  timeoutSeconds: '',
  concurrency: '',
}

export function valuesOf(webhook: Webhook): FormValues {
  return {
    url: webhook.url,
    description: webhook.description ?? '',
    events: webhook.events,
    schedule: choiceFrom(webhook.schedule),
    secret: '',
    headers: Object.entries(webhook.headers).map(([name, value], id) => ({ id, name, value })),
    timeoutSeconds: String(webhook.timeoutMs / 1000),
    concurrency: String(webhook.concurrency),
  }
}

/** What is no number becomes one that the server refuses with the range it wants. */
function numberFrom(text: string, factor: number): number {
  const value = Number(text.replace(',', '.')) * factor
  return Number.isFinite(value) ? Math.round(value * 1000) / 1000 : 0
}

/** What to send; fields left empty are the server's to fill. */
export function inputFrom(values: FormValues): WebhookInput {
  const input: WebhookInput = {
    url: values.url.trim(),
    description: values.description.trim() === '' ? null : values.description.trim(),
    events: values.events,
    schedule: scheduleFrom(values.schedule),
    headers: Object.fromEntries(
      values.headers
        .filter(({ name, value }) => name.trim() !== '' || value !== '')
        .map(({ name, value }) => [name.trim(), value]),
    ),
  }
  if (values.secret !== '') input.secret = values.secret
  if (values.timeoutSeconds.trim() !== '') input.timeoutMs = numberFrom(values.timeoutSeconds, 1000)
  if (values.concurrency.trim() !== '') input.concurrency = numberFrom(values.concurrency, 1)
  return input
}

/** Only what differs from what is saved, so that an edit elsewhere at the same time is not undone. */
export function changesFrom(values: FormValues, webhook: Webhook): WebhookPatch {
  const before: Record<string, unknown> = { ...inputFrom(valuesOf(webhook)) }
  const { secret: _, ...after } = inputFrom(values)
  return Object.fromEntries(
    Object.entries(after).filter(
      ([member, value]) => JSON.stringify(value) !== JSON.stringify(before[member]),
    ),
  )
}
