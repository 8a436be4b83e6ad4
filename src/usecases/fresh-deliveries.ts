import type { DeliveryRow } from '../db/attempts.ts'

/** Long enough for the start of a workflow in the same process, and no longer than the webhook may be thought unchanged. */
const FRESH_MS = 1_000
const ROWS_MAX = 1_000

export interface FreshDelivery {
  row: DeliveryRow
  /** The webhook's version in the statement that accepted it. */
  webhookVersion: number
}

/** Deliveries that this process has just accepted: their first attempt need not read them again. */
export interface FreshDeliveries {
  keep(delivery: FreshDelivery): void
  /** Answers it once, and only for a moment. */
  take(deliveryId: string): FreshDelivery | undefined
}

export function createFreshDeliveries(now: () => number = () => performance.now()): FreshDeliveries {
  /** The oldest first. */
  const kept = new Map<string, FreshDelivery & { at: number }>()

  function forgetStale(): void {
    for (const [id, { at }] of kept) {
      if (now() - at <= FRESH_MS && kept.size < ROWS_MAX) return
      kept.delete(id)
    }
  }

  return {
    keep(delivery) {
      forgetStale()
      kept.set(delivery.row.id, { ...delivery, at: now() })
    },
    take(deliveryId) {
      const found = kept.get(deliveryId)
      kept.delete(deliveryId)
      return found === undefined || now() - found.at > FRESH_MS ? undefined : found
    },
  }
}
