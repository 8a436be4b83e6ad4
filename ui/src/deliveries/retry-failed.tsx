import type { Webhook } from '../api/types.ts'
import { useRetryFailed } from '../api/webhooks.ts'
import { Answer, ErrorLine } from '../parts/notice.tsx'
import { ScopedButton } from '../parts/scoped.tsx'
import { plural } from '../text/number.ts'

/** The webhook's failed deliveries as a whole, also those on other pages. */
export function RetryFailed({ webhook }: { webhook: Webhook }) {
  const retry = useRetryFailed(webhook.id)
  return (
    <div className="pr-action">
      <ScopedButton
        scope="delivery:retry"
        variant="default"
        loading={retry.isPending}
        onClick={() => {
          retry.mutate()
        }}
      >
        Retry all failed
      </ScopedButton>
      <Answer>{retry.isSuccess && answer(retry.data.count)}</Answer>
      <ErrorLine>{retry.error?.message}</ErrorLine>
    </div>
  )
}

function answer(count: number): string {
  if (count === 0) return 'No delivery is failed.'
  return `${plural(count, 'failed delivery is', 'failed deliveries are')} being retried.`
}
