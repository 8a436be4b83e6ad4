import { useQuery } from '@tanstack/react-query'
import { eventTextQuery, useCancelDelivery, useRetryDelivery } from '../api/deliveries.ts'
import type { DeliveryWithAttempts, Webhook } from '../api/types.ts'
import { CopyButton } from '../parts/copy.tsx'
import { Answer, ErrorLine } from '../parts/notice.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { useSession } from '../session/session.ts'
import { curlCommand } from './curl-command.ts'
import { requestBody } from './request-body.ts'

export function DeliveryActions({ delivery, webhook }: { delivery: DeliveryWithAttempts; webhook: Webhook }) {
  const { can } = useSession()
  const retry = useRetryDelivery()
  const cancel = useCancelDelivery()
  const event = useQuery({ ...eventTextQuery(delivery.eventId), enabled: can('event:read') })
  const isRetriable = delivery.state !== 'succeeded'
  const isCancellable =
    delivery.state === 'pending' || delivery.state === 'held' || delivery.state === 'failed'
  const isAskedFor = delivery.retryRequestedAt !== null
  return (
    <div className="pr-actions">
      {isRetriable && (
        <ScopedButton
          scope="delivery:retry"
          loading={retry.isPending}
          onClick={() => {
            cancel.reset()
            retry.mutate(delivery.id)
          }}
        >
          Retry now
        </ScopedButton>
      )}
      {isCancellable && (
        <ScopedButton
          scope="delivery:retry"
          variant="default"
          loading={cancel.isPending}
          onClick={() => {
            retry.reset()
            cancel.mutate(delivery.id)
          }}
        >
          Cancel delivery
        </ScopedButton>
      )}
      <CopyButton
        label="Copy as cURL"
        text={curlCommand(
          webhook.url,
          delivery.attempts.at(-1)?.requestHeaders ?? null,
          requestBody(delivery, event.data),
        )}
      />
      <Answer>
        {retry.isSuccess && (isAskedFor ? 'The retry is on its way.' : 'The retry was made.')}
        {cancel.isSuccess && 'Cancelled. No more attempts are made.'}
      </Answer>
      <ErrorLine>{retry.error?.message ?? cancel.error?.message}</ErrorLine>
    </div>
  )
}
