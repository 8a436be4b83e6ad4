import { useQuery } from '@tanstack/react-query'
import { eventTextQuery } from '../api/deliveries.ts'
import type { Attempt, DeliveryWithAttempts, Webhook } from '../api/types.ts'
import { neededScope } from '../parts/scoped.tsx'
import { HeaderList, TextBox } from '../parts/text-box.tsx'
import { useSession } from '../session/session.ts'
import { failureSentence } from '../text/failure.ts'
import { exactTime } from '../text/time.ts'
import { hostOf } from '../text/url.ts'
import { indentedJson } from '../text/visible-text.ts'
import { requestBody } from './request-body.ts'
import { TimingBar } from './timing-bar.tsx'

interface AttemptDetailProps {
  attempt: Attempt
  delivery: DeliveryWithAttempts
  webhook: Webhook
}

export function AttemptDetail({ attempt, delivery, webhook }: AttemptDetailProps) {
  return (
    <div className="pr-attempt-detail">
      {attempt.failure !== null && (
        <p>
          {failureSentence(attempt.failure, {
            host: hostOf(webhook.url),
            statusCode: attempt.statusCode,
            timeoutMs: webhook.timeoutMs,
            location: attempt.responseHeaders?.['location'] ?? null,
          })}
        </p>
      )}
      <p className="pr-muted">
        {exactTime(attempt.startedAt)}
        {attempt.remoteAddress !== null && <>, to {attempt.remoteAddress}</>}
      </p>
      <TimingBar attempt={attempt} />
      <div className="pr-exchange">
        <RequestPart attempt={attempt} delivery={delivery} />
        <ResponsePart attempt={attempt} />
      </div>
    </div>
  )
}

function RequestPart({ attempt, delivery }: { attempt: Attempt; delivery: DeliveryWithAttempts }) {
  const { can } = useSession()
  const event = useQuery({ ...eventTextQuery(delivery.eventId), enabled: can('event:read') })
  const body = requestBody(delivery, event.data)
  return (
    <section aria-label="Request" className="pr-exchange-part">
      <h4 className="pr-h4">Request</h4>
      {attempt.requestHeaders === null ? (
        <p className="pr-muted">None was sent.</p>
      ) : (
        <HeaderList label="Request headers" headers={attempt.requestHeaders} />
      )}
      {body !== undefined && <TextBox label="Request body" text={indentedJson(body)} />}
      {!can('event:read') && <p className="pr-muted">Its body: {neededScope('event:read')}</p>}
      {event.isError && <p className="pr-muted">Its body: {event.error.message}</p>}
    </section>
  )
}

function ResponsePart({ attempt }: { attempt: Attempt }) {
  const { responseHeaders, responseBody } = attempt
  const isNothing = attempt.statusCode === null && (responseBody === null || responseBody === '')
  return (
    <section aria-label="Response" className="pr-exchange-part">
      <h4 className="pr-h4">Response{attempt.statusCode === null ? '' : ` ${attempt.statusCode}`}</h4>
      {isNothing && <p className="pr-muted">None came.</p>}
      {responseHeaders !== null && Object.keys(responseHeaders).length > 0 && (
        <HeaderList label="Response headers" headers={responseHeaders} />
      )}
      {responseBody !== null && responseBody !== '' && (
        <TextBox label="Response body" text={indentedJson(responseBody)} />
      )}
      {attempt.statusCode !== null && (responseBody === null || responseBody === '') && (
        <p className="pr-muted">Without a body.</p>
      )}
      {attempt.responseBodyTruncated && <p className="pr-muted">Only the first 16 KiB are kept.</p>}
    </section>
  )
}
