import { Checkbox, Tooltip } from '@mantine/core'
import { Link, useLocation } from 'react-router'
import type { Delivery } from '../api/types.ts'
import { StateBadge } from '../parts/badge.tsx'
import { Cell } from '../parts/data-table.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { shownState } from '../text/delivery-state.ts'
import { failureWord } from '../text/failure.ts'
import { exactTime } from '../text/time.ts'
import { shortId } from '../text/url.ts'

interface DeliveryRowProps {
  delivery: Delivery
  isPicked: boolean
  onPick: (isPicked: boolean) => void
}

export function DeliveryRow({ delivery, isPicked, onPick }: DeliveryRowProps) {
  const short = shortId(delivery.id)
  return (
    <tr role="row" data-picked={isPicked || undefined}>
      <Cell id="pick">
        <Checkbox
          size="xs"
          aria-label={`Select ${short}`}
          checked={isPicked}
          onChange={(event) => {
            onPick(event.currentTarget.checked)
          }}
        />
      </Cell>
      <Cell id="state">
        <StateBadge state={shownState(delivery)} />
        {delivery.retryRequestedAt !== null && <span className="pr-muted"> retry asked for</span>}
      </Cell>
      <Cell id="delivery">
        <DeliveryLink delivery={delivery} />
      </Cell>
      <Cell id="event">
        <span className="pr-mono">{delivery.eventType}</span>
      </Cell>
      <Cell id="attempts">
        <span className="pr-number">
          {delivery.attemptCount}
          <span className="pr-only-narrow"> {delivery.attemptCount === 1 ? 'attempt' : 'attempts'}</span>
        </span>
      </Cell>
      <Cell id="answer">{lastAnswer(delivery)}</Cell>
      <Cell id="next">{nextAttempt(delivery)}</Cell>
      <Cell id="created">
        <RelativeTime at={delivery.createdAt} />
      </Cell>
    </tr>
  )
}

/** Opens the drawer over the same list, filters kept. */
function DeliveryLink({ delivery }: { delivery: Delivery }) {
  const { search } = useLocation()
  const parameters = new URLSearchParams(search)
  parameters.set('delivery', delivery.id)
  const short = shortId(delivery.id)
  return (
    <Tooltip label={`Created ${exactTime(delivery.createdAt)}`} openDelay={300}>
      <Link
        to={{ search: parameters.toString() }}
        aria-label={`Delivery ${short}`}
        className="pr-link pr-mono pr-row-link"
      >
        {short}
      </Link>
    </Tooltip>
  )
}

function lastAnswer(delivery: Delivery) {
  const { lastFailure, lastStatusCode } = delivery
  if (lastFailure !== null) return failureWord(lastFailure, lastStatusCode)
  return lastStatusCode === null ? '–' : `answered ${lastStatusCode}`
}

function nextAttempt(delivery: Delivery) {
  const at = delivery.deferredUntil ?? delivery.nextAttemptAt
  return delivery.state !== 'pending' || at === null || delivery.attemptCount === 0 ? (
    '–'
  ) : (
    <RelativeTime at={at} />
  )
}
