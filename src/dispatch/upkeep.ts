import type { Database, Sql } from '../db/database.ts'
import { ensurePartitions } from '../db/partitions.ts'

/** One thing that must be done now and then by any one of the running processes. */
export interface UpkeepTask {
  name: string
  everyMs: number
  run: (sql: Sql) => Promise<unknown>
}

export const PARTITION_UPKEEP: UpkeepTask = {
  name: 'partitions',
  everyMs: 3_600_000,
  run: (sql) => ensurePartitions(sql),
}

/** Kept answers live for 24 hours; the rest is dead weight. */
export const KEY_UPKEEP: UpkeepTask = {
  name: 'idempotency keys',
  everyMs: 600_000,
  run: (sql) =>
    sql.query(
      `delete from idempotency_key where ctid = any (array(select ctid from idempotency_key
         where created_at < now() - interval '25 hours' order by created_at limit 5000))`,
    ),
}

export interface Upkeep {
  stop(): Promise<void>
}

/**
 * Runs each task at its pace, at once for the first time. Only one process at a time runs a task: an advisory lock
 * sends the others away, and the next turn is theirs as well as anybody's.
 */
export function startUpkeep(
  database: Pick<Database, 'transaction'>,
  tasks: readonly UpkeepTask[],
  logFault: (message: string, error: unknown) => void,
): Upkeep {
  const timers = new Set<NodeJS.Timeout>()
  const running = new Set<Promise<void>>()
  let isStopped = false

  async function turn(task: UpkeepTask): Promise<void> {
    try {
      await database.transaction(async (sql) => {
        const [lock] = await sql.query<{ mine: boolean }>(
          'select pg_try_advisory_xact_lock(hashtext($1)) as mine',
          [`postrider.upkeep.${task.name}`],
        )
        if (lock?.mine === true) await task.run(sql)
      })
    } catch (error) {
      logFault(`The upkeep of ${task.name} failed; it is tried again at its next turn.`, error)
    }
  }

  function schedule(task: UpkeepTask, delayMs: number): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      const work = turn(task).then(() => {
        running.delete(work)
        if (!isStopped) schedule(task, task.everyMs)
      })
      running.add(work)
    }, delayMs)
    timers.add(timer)
  }

  for (const task of tasks) schedule(task, 0)
  return {
    async stop() {
      isStopped = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
