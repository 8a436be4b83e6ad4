import { Drawer, Skeleton } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { deliveryQuery } from '../api/deliveries.ts'
import type { DeliveryWithAttempts, Webhook } from '../api/types.ts'
import { useIsNarrow } from '../parts/dialog.tsx'
import { ErrorNotice, Stale } from '../parts/notice.tsx'
import { shortId } from '../text/url.ts'
import { AttemptList } from './attempt-list.tsx'
import { DeliveryActions } from './delivery-actions.tsx'
import { DeliveryFacts } from './delivery-facts.tsx'
import { DeliverySummary } from './delivery-summary.tsx'

interface DeliveryDrawerProps {
  webhook: Webhook
  deliveryId: string | null
  onClose: () => void
}

/** One delivery over the list it was opened from: the cause first, then what one can do, then everything else. */
export function DeliveryDrawer({ webhook, deliveryId, onClose }: DeliveryDrawerProps) {
  const isNarrow = useIsNarrow()
  // While the drawer slides out it still shows what it showed.
  const [shownId, setShownId] = useState(deliveryId)
  useEffect(() => {
    if (deliveryId !== null) setShownId(deliveryId)
  }, [deliveryId])
  const id = deliveryId ?? shownId
  return (
    <Drawer
      opened={deliveryId !== null}
      onClose={onClose}
      position="right"
      size={isNarrow ? '100%' : 760}
      title={`Delivery ${shortId(id ?? '')}`}
      classNames={{ title: 'pr-dialog-title', body: 'pr-drawer-body' }}
    >
      {id !== null && <DrawerContent key={id} id={id} webhook={webhook} isOpen={deliveryId !== null} />}
    </Drawer>
  )
}

interface DrawerContentProps {
  id: string
  webhook: Webhook
  isOpen: boolean
}

function DrawerContent({ id, webhook, isOpen }: DrawerContentProps) {
  const query = useQuery({ ...deliveryQuery(id), enabled: isOpen })
  useProgressTold(query.data, webhook.id)
  if (query.data === undefined) {
    if (query.isError) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
    return (
      <div className="pr-late pr-form" aria-busy="true">
        <Skeleton height={48} />
        <Skeleton height={32} width="60%" />
        <Skeleton height={132} />
      </div>
    )
  }
  return (
    <>
      <Stale query={query} />
      <DrawerDelivery delivery={query.data} webhook={webhook} />
    </>
  )
}

/** What happens to a delivery changes what stands behind the drawer: the list, and the webhook's status. */
function useProgressTold(delivery: DeliveryWithAttempts | undefined, webhookId: string): void {
  const queryClient = useQueryClient()
  const told = useRef<string>(undefined)
  const progress = delivery === undefined ? undefined : `${delivery.state} ${delivery.attemptCount}`
  useEffect(() => {
    if (told.current !== undefined && told.current !== progress) {
      void queryClient.invalidateQueries({ queryKey: ['deliveries'] })
      void queryClient.invalidateQueries({ queryKey: ['webhook', webhookId] })
    }
    told.current = progress
  }, [progress, queryClient, webhookId])
}

function DrawerDelivery({ delivery, webhook }: { delivery: DeliveryWithAttempts; webhook: Webhook }) {
  return (
    <div className="pr-form">
      <DeliverySummary delivery={delivery} webhook={webhook} />
      <DeliveryActions delivery={delivery} webhook={webhook} />
      <AttemptList delivery={delivery} webhook={webhook} />
      <DeliveryFacts delivery={delivery} />
    </div>
  )
}
