import type { Sql } from '../db/database.ts'
import { reviveDeliveries } from '../db/dispatching.ts'

export interface SweepDeps {
  sql: Sql
  /** Delivery ids whose run ended since then other than by itself: terminated, timed out, failed. */
  findClosedAbnormally: (since: Date) => Promise<string[]>
  logFault: (message: string, error: unknown) => void
  everyMs?: number
}

const EVERY_MS = 5_000
/** Temporal's visibility is some seconds behind, so each look overlaps the ones before. */
const OVERLAP_MS = 60_000
/** Found again so soon, it is the same end of the same run. */
const SAME_MS = 20_000

/**
 * Brings back deliveries whose workflow an operator (or a lost server) has ended although the row still has something
 * to do: a new run sleeps what is left of the wait. What is overlooked here is found when its due time has passed.
 */
export function startSweep(deps: SweepDeps): { stop(): Promise<void> } {
  const everyMs = deps.everyMs ?? EVERY_MS
  const revived = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let isStopped = false

  async function turn(): Promise<void> {
    const now = Date.now()
    try {
      const found = await deps.findClosedAbnormally(new Date(now - OVERLAP_MS))
      for (const [id, at] of revived) if (at < now - SAME_MS) revived.delete(id)
      const fresh = found.filter((id) => !revived.has(id))
      if (fresh.length > 0) await reviveDeliveries(deps.sql, fresh)
      for (const id of fresh) revived.set(id, now)
    } catch (error) {
      deps.logFault('The sweep for missing workflows failed; it is tried again.', error)
    }
  }

  function schedule(): void {
    timer = setTimeout(() => {
      running = turn().then(() => {
        if (!isStopped) schedule()
      })
    }, everyMs)
  }

  schedule()
  return {
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}
