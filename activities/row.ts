import type { AttemptResult } from '../src/domain/attempt-result.ts'
import type { DeliveryState } from '../src/domain/delivery.ts'
import { guarded, type LogFault } from './guarded.ts'

export interface RowInput {
  deliveryId: string
}

/** What stands in the row when a run is about to close. */
export interface LastLook {
  state: DeliveryState
  /** A manual retry that was committed and not served yet; ISO 8601. */
  retryRequestedAt: string | null
}

export interface RowDeps {
  /** Ends the delivery as `cancelled` unless it has succeeded; asking again changes nothing. */
  cancelDelivery: (input: RowInput) => Promise<AttemptResult>
  lookAtDelivery: (input: RowInput) => Promise<LastLook>
  logFault: LogFault
}

/** The activities that only touch the delivery's row. */
export function rowActivities({ cancelDelivery, lookAtDelivery, logFault }: RowDeps) {
  return {
    async settleCancelled(input: RowInput): Promise<AttemptResult> {
      return guarded({ activity: 'settleCancelled', ...input }, logFault, async () => cancelDelivery(input))
    },
    async closeRun(input: RowInput): Promise<LastLook> {
      return guarded({ activity: 'closeRun', ...input }, logFault, async () => lookAtDelivery(input))
    },
  }
}
