import { Tooltip } from '@mantine/core'
import type { Webhook } from '../api/types.ts'
import { StateBadge, StatusBadge } from '../parts/badge.tsx'
import { UrlLink } from '../parts/cut-url.tsx'
import { Cell, DataTable } from '../parts/data-table.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { percent, plural } from '../text/number.ts'
import { hostOf } from '../text/url.ts'
import { visibleText } from '../text/visible-text.ts'
import { eventsInShort, statusReason } from '../text/webhook-status.ts'
import { EnabledSwitch } from './enabled-switch.tsx'

const COLUMNS = [
  { id: 'webhook', header: 'Webhook' },
  { id: 'enabled', header: 'Enabled' },
  { id: 'status', header: 'Status' },
  { id: 'last', header: 'Last delivery' },
  { id: 'rate', header: 'Success, 24 h' },
]
const SKELETON_ROWS = 8

interface WebhookTableProps {
  webhooks: readonly Webhook[] | undefined
  onSwitched: (webhook: Webhook) => void
}

export function WebhookTable({ webhooks, onSwitched }: WebhookTableProps) {
  return (
    <DataTable
      label="Webhooks"
      layout="pr-webhooks"
      columns={COLUMNS}
      skeletonRows={webhooks === undefined ? SKELETON_ROWS : undefined}
    >
      {webhooks?.map((webhook) => (
        <WebhookRow key={webhook.id} webhook={webhook} onSwitched={onSwitched} />
      ))}
    </DataTable>
  )
}

interface WebhookRowProps {
  webhook: Webhook
  onSwitched: (webhook: Webhook) => void
}

function WebhookRow({ webhook, onSwitched }: WebhookRowProps) {
  const { stats24h, lastDelivery } = webhook
  return (
    <tr role="row" data-status={webhook.status}>
      <Cell id="webhook">
        <UrlLink url={webhook.url} to={`/${webhook.id}/deliveries`} />
        <div className="pr-second-line">
          {webhook.description !== null && (
            <span className="pr-ellipsis">{visibleText(webhook.description)} · </span>
          )}
          <Tooltip label={webhook.events.join(', ')}>
            <span className="pr-mono pr-nowrap">{eventsInShort(webhook.events)}</span>
          </Tooltip>
        </div>
      </Cell>
      <Cell id="enabled">
        <EnabledSwitch webhook={webhook} label={`Enabled: ${hostOf(webhook.url)}`} onDone={onSwitched} />
      </Cell>
      <Cell id="status">
        <StatusBadge status={webhook.status} />
        {webhook.status !== 'enabled' && (
          <div className="pr-second-line pr-wrap">{statusReason(webhook)}</div>
        )}
      </Cell>
      <Cell id="last">
        {lastDelivery === null ? (
          <span className="pr-muted">None yet</span>
        ) : (
          <>
            <StateBadge state={lastDelivery.state} />
            <div className="pr-second-line">
              <RelativeTime at={lastDelivery.at} />
            </div>
          </>
        )}
      </Cell>
      <Cell id="rate">
        <div className="pr-rate">
          <Tooltip
            label={`${plural(stats24h.succeeded, 'succeeded', 'succeeded')}, ${plural(stats24h.failed, 'failed', 'failed')} in 24 h`}
          >
            <span className="pr-number">{percent(stats24h.successRate)}</span>
          </Tooltip>
          <Sparkline series={stats24h.series} />
        </div>
      </Cell>
    </tr>
  )
}
