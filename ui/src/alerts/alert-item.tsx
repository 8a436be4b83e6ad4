import { useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import { Link } from 'react-router'
import type { Alert } from '../api/types.ts'
import { useAcknowledgeAlert } from '../api/workspace.ts'
import { webhookQuery } from '../api/webhooks.ts'
import { Badge } from '../parts/badge.tsx'
import { ErrorLine } from '../parts/notice.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { failureWord } from '../text/failure.ts'
import { plural } from '../text/number.ts'
import { hostOf, shortId } from '../text/url.ts'
import { visibleText } from '../text/visible-text.ts'

export function AlertItem({ alert }: { alert: Alert }) {
  const acknowledge = useAcknowledgeAlert()
  const item = useRef<HTMLLIElement>(null)
  const isOpen = alert.state === 'open'
  return (
    <li ref={item} tabIndex={-1} className="pr-alert" data-state={alert.state}>
      <div className="pr-alert-main">
        <div className="pr-alert-head">
          <Badge icon={isOpen ? 'warning' : 'check'} tone={isOpen ? 'danger' : 'muted'}>
            {isOpen ? 'Open' : 'Closed'}
          </Badge>{' '}
          <AlertTarget alert={alert} />
        </div>
        <div>{sentence(alert)}</div>
        <div className="pr-muted pr-alert-times">
          <RelativeTime prefix="Opened " at={alert.openedAt} />
          {alert.closedAt !== null && <RelativeTime prefix="closed " at={alert.closedAt} />}
          {alert.acknowledgedAt !== null && <RelativeTime prefix="acknowledged " at={alert.acknowledgedAt} />}
          {alert.emailedAt !== null && <RelativeTime prefix="e-mailed " at={alert.emailedAt} />}
        </div>
      </div>
      <div className="pr-alert-end">
        {alert.acknowledgedAt === null && isOpen && (
          <ScopedButton
            scope="alert:write"
            variant="default"
            size="xs"
            loading={acknowledge.isPending}
            onClick={() => {
              acknowledge.mutate(alert.id, {
                // The button goes, and must not take the focus along.
                onSuccess: () => {
                  item.current?.focus({ preventScroll: true })
                },
              })
            }}
          >
            Acknowledge
          </ScopedButton>
        )}
        <ErrorLine>{acknowledge.error?.message}</ErrorLine>
      </div>
    </li>
  )
}

/** Leads to the delivery that tells the cause, or to its webhook. */
function AlertTarget({ alert }: { alert: Alert }) {
  const { data: webhook, isError } = useQuery({
    ...webhookQuery(alert.webhookId),
    retry: false,
    refetchInterval: false,
  })
  if (webhook === undefined)
    return <strong>{isError ? 'A deleted webhook' : `Webhook ${shortId(alert.webhookId)}`}</strong>
  const drawer = alert.deliveryId === null ? '' : `?delivery=${alert.deliveryId}`
  return (
    <>
      <Link to={`/${alert.webhookId}/deliveries${drawer}`} className="pr-link">
        {hostOf(webhook.url)}
      </Link>
      {webhook.description !== null && (
        <span className="pr-muted pr-ellipsis"> {visibleText(webhook.description)}</span>
      )}
    </>
  )
}

function sentence(alert: Alert): string {
  const cause =
    alert.lastFailure === null ? '' : ` Last: ${failureWord(alert.lastFailure, alert.lastStatusCode)}.`
  if (alert.kind === 'exhausted')
    return `${plural(alert.count, 'delivery has', 'deliveries have')} used up all attempts.${cause}`
  return alert.lastFailure === 'gone'
    ? 'The webhook was turned off: its endpoint answered 410. New events are kept.'
    : `The webhook was turned off after days of failures. New events are kept.${cause}`
}
