import { CancellationScope, setHandler } from '@temporalio/workflow'

import type { AttemptReason } from '../src/domain/attempt-result.ts'
import { cancelDelivery, retryNow, type Standing } from './contract.ts'

type ManualReason = Extract<AttemptReason, { kind: 'manual' }>

/** What people have asked of a run and what has not been served yet. */
export interface Requests {
  /** Whether there is something that the run should not sleep or wait through. */
  pressing: (standing: Standing) => boolean
  /** Takes the request to cancel, if there is one and it still makes sense. */
  takeCancel: (standing: Standing) => boolean
  /** Takes the request for a manual attempt, if there is one that is not absorbed. */
  takeRetry: (standing: Standing) => ManualReason | undefined
  /** An attempt was made: what was signalled during it is absorbed, and what it served is not asked again. */
  absorb: (reason: AttemptReason) => void
}

/** Listens to the two signals and to Temporal's own Cancel, which means the same as `cancelDelivery`. */
export function listenForRequests(): Requests {
  let isCancelAsked = false
  let isRetryAsked = false
  // The API names its request, and the row knows it: the row alone decides whether it is still to be served.
  let requestedAt: string | null = null
  let servedAt: string | null = null

  setHandler(cancelDelivery, () => {
    isCancelAsked = true
  })
  CancellationScope.current().cancelRequested.catch(() => {
    isCancelAsked = true
  })
  setHandler(retryNow, (request: unknown) => {
    const named = requestedAtOf(request)
    if (named === null) isRetryAsked = true
    // A repeated signal may arrive late: the newest request wins, and one that was served is not asked again.
    else if (named !== servedAt && named > (requestedAt ?? '')) requestedAt = named
  })

  return {
    pressing: (standing) =>
      (isCancelAsked && canCancel(standing)) ||
      requestedAt !== null ||
      (isRetryAsked && canRetryByHand(standing)),
    takeCancel(standing) {
      const isTaken = isCancelAsked && canCancel(standing)
      isCancelAsked = false
      return isTaken
    },
    takeRetry(standing) {
      const isTaken = isRetryAsked && canRetryByHand(standing)
      isRetryAsked = false
      if (requestedAt !== null) {
        const reason: ManualReason = { kind: 'manual', requestedAt }
        requestedAt = null
        return reason
      }
      return isTaken ? { kind: 'manual', requestedAt: null } : undefined
    },
    absorb(reason) {
      isRetryAsked = false
      if (reason.kind !== 'manual' || reason.requestedAt === null) return
      servedAt = reason.requestedAt
      if (requestedAt === servedAt) requestedAt = null
    },
  }
}

/** Whatever else an operator's tool sends along with the signal is taken as nothing. */
function requestedAtOf(request: unknown): string | null {
  if (typeof request !== 'object' || request === null || !('requestedAt' in request)) return null
  return typeof request.requestedAt === 'string' ? request.requestedAt : null
}

function canCancel(standing: Standing): boolean {
  return standing.kind !== 'settled' || standing.state === 'failed' || standing.state === 'held'
}

/** An operator's signal carries no name; before the first attempt it is absorbed by that one. */
function canRetryByHand(standing: Standing): boolean {
  return standing.kind === 'waiting' || (standing.kind === 'settled' && standing.state === 'failed')
}
