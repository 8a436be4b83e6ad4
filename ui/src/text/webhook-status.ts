import type { Webhook } from '../api/types.ts'
import { visibleText } from './visible-text.ts'

export const WEBHOOK_STATUS_WORDS: Readonly<Record<Webhook['status'], string>> = {
  enabled: 'Enabled',
  disabled: 'Disabled',
  failed: 'Failed',
}

type StatusFacts = Pick<Webhook, 'status' | 'disabledReason' | 'disabledBy'>

function turnedOff({ disabledReason, disabledBy }: StatusFacts): string {
  switch (disabledReason) {
    case 'gone':
      return 'on a 410'
    case 'failing':
      return 'after days of failures'
    case 'user':
    case null:
      return disabledBy === null ? 'by hand' : `by ${visibleText(disabledBy)}`
  }
}

/** The status with its reason, in a few words. */
export function statusReason(webhook: StatusFacts): string {
  switch (webhook.status) {
    case 'enabled':
      return 'Sending'
    case 'disabled':
      return `Turned off ${turnedOff(webhook)}`
    case 'failed':
      return 'The last delivery used all attempts'
  }
}

/** The status in words: what it means and what to do about it. */
export function statusSentence(webhook: StatusFacts): string {
  switch (webhook.status) {
    case 'enabled':
      return 'Sending.'
    case 'disabled':
      return `Turned off ${turnedOff(webhook)}. New events are kept. ${webhook.disabledReason === 'user' ? 'Turn it on to send again.' : 'Fix it, test it, then turn it on.'}`
    case 'failed':
      return 'The last delivery used all attempts. New events still go out; a success clears this.'
  }
}

/** "task.*, +2": the first of the subscribed events, and how many more there are. */
export function eventsInShort(events: readonly string[]): string {
  if (events.includes('*')) return 'All events'
  const [first = 'No events', ...more] = events
  return more.length === 0 ? first : `${first}, +${more.length}`
}
