import type { Webhook } from '../api/types.ts'
import { SHOWN_STATE_WORDS, type ShownState } from '../text/delivery-state.ts'
import { WEBHOOK_STATUS_WORDS } from '../text/webhook-status.ts'
import { Icon, type IconName } from './icon.tsx'

type Tone = 'success' | 'danger' | 'warning' | 'info' | 'muted'

/** Icon, word and colour: each alone says the same, so none of them is needed to tell states apart. */
export function Badge({ icon, tone, children }: { icon: IconName; tone: Tone; children: string }) {
  return (
    <span className="pr-badge" data-tone={tone}>
      <Icon name={icon} size={14} />
      {children}
    </span>
  )
}

const STATES: Readonly<Record<ShownState, { icon: IconName; tone: Tone }>> = {
  pending: { icon: 'clock', tone: 'info' },
  retrying: { icon: 'retry', tone: 'warning' },
  deferred: { icon: 'hourglass', tone: 'warning' },
  succeeded: { icon: 'check', tone: 'success' },
  failed: { icon: 'cross', tone: 'danger' },
  cancelled: { icon: 'stop', tone: 'muted' },
  held: { icon: 'pause', tone: 'muted' },
}

export function StateBadge({ state }: { state: ShownState }) {
  return <Badge {...STATES[state]}>{SHOWN_STATE_WORDS[state]}</Badge>
}

const STATUSES: Readonly<Record<Webhook['status'], { icon: IconName; tone: Tone }>> = {
  enabled: { icon: 'check', tone: 'success' },
  failed: { icon: 'cross', tone: 'danger' },
  disabled: { icon: 'pause', tone: 'muted' },
}

export function StatusBadge({ status }: { status: Webhook['status'] }) {
  return <Badge {...STATUSES[status]}>{WEBHOOK_STATUS_WORDS[status]}</Badge>
}
