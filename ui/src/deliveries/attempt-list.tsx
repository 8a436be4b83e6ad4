import { useState } from 'react'
import type { Attempt, DeliveryWithAttempts, Webhook } from '../api/types.ts'
import { Badge } from '../parts/badge.tsx'
import { Icon } from '../parts/icon.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { useNow } from '../parts/now.ts'
import { failureWord } from '../text/failure.ts'
import { milliseconds } from '../text/number.ts'
import { clockTime, exactTime } from '../text/time.ts'
import { AttemptDetail } from './attempt-detail.tsx'

/** The timeline: every attempt by number, and the next one. */
export function AttemptList({ delivery, webhook }: { delivery: DeliveryWithAttempts; webhook: Webhook }) {
  const [openNumber, setOpenNumber] = useState<number | null>(null)
  const next = delivery.state === 'pending' ? (delivery.deferredUntil ?? delivery.nextAttemptAt) : null
  return (
    <section>
      <h3 className="pr-h3">Attempts</h3>
      {delivery.attempts.length === 0 && next === null && <p className="pr-muted">None yet.</p>}
      <ol aria-label="Attempts" className="pr-attempts">
        {delivery.attempts.map((attempt) => (
          <AttemptItem
            key={attempt.number}
            attempt={attempt}
            delivery={delivery}
            webhook={webhook}
            isOpen={openNumber === attempt.number}
            onToggle={() => {
              setOpenNumber((before) => (before === attempt.number ? null : attempt.number))
            }}
          />
        ))}
        {next !== null && <NextAttempt at={next} number={delivery.attemptCount + 1} />}
      </ol>
    </section>
  )
}

interface AttemptItemProps {
  attempt: Attempt
  delivery: DeliveryWithAttempts
  webhook: Webhook
  isOpen: boolean
  onToggle: () => void
}

function AttemptItem({ attempt, delivery, webhook, isOpen, onToggle }: AttemptItemProps) {
  const nowMs = useNow()
  const isAccepted = attempt.failure === null
  return (
    <li className="pr-attempt">
      <div className="pr-attempt-line">
        <button type="button" aria-expanded={isOpen} className="pr-attempt-button" onClick={onToggle}>
          <Icon name={isOpen ? 'down' : 'right'} size={14} />
          Attempt {attempt.number}
        </button>
        <Badge icon={isAccepted ? 'check' : 'cross'} tone={isAccepted ? 'success' : 'danger'}>
          {attempt.failure === null
            ? `Accepted ${attempt.statusCode ?? ''}`.trim()
            : capitalised(failureWord(attempt.failure, attempt.statusCode))}
        </Badge>
        <span className="pr-number pr-muted">{milliseconds(attempt.responseTimeMs)}</span>
        {attempt.trigger !== 'schedule' && (
          <span className="pr-muted">by {triggerWord(attempt.trigger)}</span>
        )}
        <time
          dateTime={attempt.startedAt}
          title={exactTime(attempt.startedAt)}
          className="pr-time pr-attempt-time"
        >
          {clockTime(attempt.startedAt, nowMs)}
        </time>
      </div>
      {isOpen && <AttemptDetail attempt={attempt} delivery={delivery} webhook={webhook} />}
    </li>
  )
}

function NextAttempt({ at, number }: { at: string; number: number }) {
  const nowMs = useNow()
  return (
    <li className="pr-attempt pr-attempt-next">
      <div className="pr-attempt-line">
        <span className="pr-attempt-next-name">
          <Icon name="circle" size={14} />
          {number === 1 ? 'First attempt' : 'Next attempt'}
        </span>
        <RelativeTime at={at} />
        <span className="pr-time pr-attempt-time" title={exactTime(at)}>
          {clockTime(at, nowMs)}
        </span>
      </div>
    </li>
  )
}

function triggerWord(trigger: 'manual' | 'replay' | 'test'): string {
  return trigger === 'manual' ? 'hand' : trigger
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
