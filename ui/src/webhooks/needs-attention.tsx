import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { Webhook } from '../api/types.ts'
import { webhooksQuery } from '../api/webhooks.ts'
import { Icon } from '../parts/icon.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { failureWord } from '../text/failure.ts'
import { hostOf } from '../text/url.ts'
import { visibleText } from '../text/visible-text.ts'

const SHOWN_MAX = 5
const SHORT_CHARACTERS = 40

/** Failed ones, and those that were turned off by something else than a person. */
function useNeedy(): { needy: Webhook[]; isMore: boolean } {
  const failed = useQuery(webhooksQuery({ status: 'failed', limit: SHOWN_MAX + 1 }))
  const disabled = useQuery(webhooksQuery({ status: 'disabled', limit: 20 }))
  const turnedOff = disabled.data?.data.filter(({ disabledReason }) => disabledReason !== 'user') ?? []
  // One that was turned off sends nothing any more, so it comes first.
  const needy = [...turnedOff, ...(failed.data?.data ?? [])]
  return { needy: needy.slice(0, SHOWN_MAX), isMore: needy.length > SHOWN_MAX }
}

export function NeedsAttention() {
  const { needy, isMore } = useNeedy()
  if (needy.length === 0) return null
  return (
    <section aria-label="Needs attention" className="pr-attention">
      <h2 className="pr-h3">
        <Icon name="warning" /> Needs attention
      </h2>
      <ul>
        {needy.map((webhook) => (
          <li key={webhook.id}>
            <Link to={causeAddress(webhook)} className="pr-link">
              {hostOf(webhook.url)}
            </Link>{' '}
            {webhook.description !== null && (
              <span className="pr-muted">({inShort(webhook.description)}) </span>
            )}
            {reason(webhook)}
            {webhook.lastDelivery !== null && (
              <>
                {' '}
                · <RelativeTime at={webhook.lastDelivery.at} />
              </>
            )}
          </li>
        ))}
      </ul>
      {isMore && (
        <p>
          More:{' '}
          <Link to="/?status=failed" className="pr-link">
            all failed webhooks
          </Link>
          ,{' '}
          <Link to="/?status=disabled" className="pr-link">
            all that are off
          </Link>
        </p>
      )}
    </section>
  )
}

/** Tells webhooks of one host apart. */
function inShort(description: string): string {
  const shown = visibleText(description)
  return shown.length > SHORT_CHARACTERS ? `${shown.slice(0, SHORT_CHARACTERS)}…` : shown
}

/** Straight to the delivery that tells the cause. */
function causeAddress({ id, lastDelivery }: Webhook): string {
  const isTelling = lastDelivery !== null && lastDelivery.state === 'failed'
  return isTelling ? `/${id}/deliveries?delivery=${lastDelivery.id}` : `/${id}/deliveries`
}

function reason(webhook: Webhook): string {
  const last = webhook.lastDelivery
  const cause =
    last?.lastFailure === undefined || last.lastFailure === null
      ? ''
      : `, last ${failureWord(last.lastFailure, last.lastStatusCode ?? null)}`
  if (webhook.status === 'failed') return `failed: a delivery used all its attempts${cause}`
  return webhook.disabledReason === 'gone'
    ? 'was turned off: the endpoint answered 410. New events are kept'
    : 'was turned off after days of failures. New events are kept'
}
