import type { Sql } from '../db/database.ts'
import { claimDue, dismissSettled, type DueDelivery, returnClaimed } from '../db/dispatching.ts'
import type { DeliveryAddress } from '../usecases/ports.ts'

/** What the dispatcher asks of Temporal. Every call is bounded in time. */
export interface DispatchTargets {
  /** Answers the ids of those that were not taken, with the reason. */
  start: (
    deliveries: readonly DeliveryAddress[],
  ) => Promise<readonly { deliveryId: string; cause: unknown }[]>
  /** Throws when Temporal did not take it; so does `cancel`. */
  retry: (delivery: DeliveryAddress, requestedAt: string) => Promise<void>
  cancel: (deliveryId: string) => Promise<void>
}

/** The lane that makes first attempts without a workflow. */
export interface FirstAttemptLane {
  capacity: () => number
  /** Leases what it can of these and makes their first attempts; answers the ids that it took on. */
  takeOn: (deliveryIds: readonly string[]) => Promise<ReadonlySet<string>>
}

export interface DispatcherDeps {
  sql: Sql
  targets: DispatchTargets
  /** Null where every attempt is a workflow's. */
  lane: FirstAttemptLane | null
  /** Told of every fault; the loop goes on whatever happens. */
  logFault: (message: string, error: unknown) => void
}

export interface Dispatcher {
  /** Stops claiming and waits for what was claimed. */
  stop(): Promise<void>
  /** Looks at once instead of at the next turn. */
  wake(): void
}

const CLAIM_MAX = 200
const IDLE_MS = 500
const AWAY_PAUSE_MS = 1_000
const CALLS_AT_ONCE = 20
const LANE_FULL_PAUSE_MS = 300

/**
 * The guarantee behind every message to Temporal: one loop that claims the deliveries whose time has come and which
 * nobody has moved, and tells Temporal again. Any number of processes may run one.
 */
export function startDispatcher(deps: DispatcherDeps): Dispatcher {
  const stopping = new AbortController()
  let wakeUp: (() => void) | undefined

  async function pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function turn(): Promise<number> {
    const claimed = await claimDue(deps.sql, CLAIM_MAX)
    const failed = claimed.length === 0 ? [] : await dispatch(deps, claimed)
    if (failed.length > 0) {
      await returnClaimed(deps.sql, failed, AWAY_PAUSE_MS)
      return AWAY_PAUSE_MS
    }
    return claimed.length === CLAIM_MAX ? 0 : IDLE_MS
  }

  async function loop(): Promise<void> {
    const isStopped = (): boolean => stopping.signal.aborted
    while (!isStopped()) {
      let pauseMs = AWAY_PAUSE_MS
      try {
        pauseMs = await turn()
      } catch (error) {
        deps.logFault('The dispatcher could not look for due deliveries.', error)
      }
      if (pauseMs > 0 && !isStopped()) await pause(pauseMs)
    }
  }

  const running = loop()
  return {
    wake: () => wakeUp?.(),
    async stop() {
      stopping.abort()
      wakeUp?.()
      await running
    },
  }
}

/** Tells Temporal of every claimed delivery; answers the ids of those it did not take. */
async function dispatch(deps: DispatcherDeps, claimed: readonly DueDelivery[]): Promise<string[]> {
  const { targets } = deps
  const failed: string[] = []
  const fail = (id: string, cause: unknown): void => {
    failed.push(id)
    deps.logFault('Temporal did not take a delivery; it is tried again.', cause)
  }
  const pending = claimed.filter(
    ({ retryRequestedAt, state }) => retryRequestedAt === null && state === 'pending',
  )
  const taken = await takeOnDirectly(deps, pending)
  const toStart = pending.filter(({ id }) => !taken.has(id))
  if (toStart.length > 0)
    for (const { deliveryId, cause } of await targets.start(toStart.map(toAddress))) fail(deliveryId, cause)

  const others = claimed.filter((delivery) => !pending.includes(delivery))
  await eachOf(others, async (delivery) => {
    try {
      if (delivery.retryRequestedAt !== null)
        await targets.retry(toAddress(delivery), delivery.retryRequestedAt.toISOString())
      else if (delivery.state === 'cancelled') await targets.cancel(delivery.id)
    } catch (error) {
      fail(delivery.id, error)
    }
  })

  const settled = others.filter(
    ({ id, retryRequestedAt }) => retryRequestedAt === null && !failed.includes(id),
  )
  if (settled.length > 0)
    await dismissSettled(
      deps.sql,
      settled.map(({ id }) => id),
    )
  return failed
}

/** What has not been attempted yet and finds no place in the lane is given back: it is for the lane, but later. */
async function takeOnDirectly(
  { sql, lane }: DispatcherDeps,
  pending: readonly DueDelivery[],
): Promise<Set<string>> {
  if (lane === null) return new Set()
  const firsts = pending.filter(({ stepsUsed }) => stepsUsed === 0).map(({ id }) => id)
  const now = firsts.slice(0, lane.capacity())
  const later = firsts.slice(now.length)
  if (later.length > 0) await returnClaimed(sql, later, LANE_FULL_PAUSE_MS)
  const taken = now.length === 0 ? new Set<string>() : await lane.takeOn(now)
  return new Set([...taken, ...later])
}

/** Whether there is nothing to do for a delivery but to wait. */
function isAsleep(delivery: DueDelivery): delivery is DueDelivery & { waitMs: number } {
  const { state, attemptCount, retryRequestedAt, waitMs } = delivery
  return state === 'pending' && attemptCount > 0 && retryRequestedAt === null && waitMs !== null && waitMs > 0
}

function toAddress(delivery: DueDelivery): DeliveryAddress {
  return {
    deliveryId: delivery.id,
    workspaceId: delivery.workspaceId,
    webhookId: delivery.webhookId,
    eventType: delivery.eventType,
    attemptsMade: delivery.attemptCount,
    ...(isAsleep(delivery) && {
      waiting: { dueAtMs: Date.now() + delivery.waitMs, stepsUsed: delivery.stepsUsed, steps: null },
    }),
  }
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += CALLS_AT_ONCE)
    await Promise.all(items.slice(at, at + CALLS_AT_ONCE).map(work))
}
