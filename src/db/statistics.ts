import type { StatisticsWindow } from '../domain/statistics-window.ts'
import type { Sql } from './database.ts'

/** Slots are whole hours or days in UTC; the current one counts, so a window reaches back a little less than its name. */
const SLOTS = {
  '24h': { unit: 'hour', count: 24, stepHours: 1 },
  '7d': { unit: 'hour', count: 168, stepHours: 1 },
  '30d': { unit: 'day', count: 30, stepHours: 24 },
} as const satisfies Record<StatisticsWindow, { unit: 'hour' | 'day'; count: number; stepHours: number }>

export interface StatisticsSlot {
  /** When it begins. */
  at: Date
  succeeded: number
  failed: number
  /** How many attempts by response-time bucket; empty where times were not asked for by slot. */
  times: Map<number, number>
}

export interface WindowStatistics {
  /** Deliveries settled in the window. */
  succeeded: number
  failed: number
  cancelled: number
  /** Attempts ended in the window, by failure. */
  failures: Map<string, number>
  times: Map<number, number>
  /** Oldest first, without gaps. */
  series: StatisticsSlot[]
}

interface Row {
  webhookId: string | null
  /** Milliseconds since 1970; null for what is counted over the whole window. */
  slotMs: number | null
  metric: string | null
  amount: number | null
}

// 'ok:<bucket>' stands for a delivery that has succeeded and its one attempt, so that the common case is one row.
// What was appended and not folded yet is added to the rollup in one statement, so in one snapshot: nothing is missed or
// counted twice while a fold commits. The slots come from here too, because the hours were cut by this clock.
const READ = `
  with slots as (
    select generate_series(last - make_interval(hours => ($3::int - 1) * $4::int), last, make_interval(hours => $4::int)) as at
    from (select date_trunc($2, now(), 'UTC') as last) as clock
  ), stored as (
    select webhook_id, hour, metric, amount from webhook_stats
    where webhook_id = any($1::uuid[]) and hour >= (select min(at) from slots)
    union all
    select webhook_id, hour, metric, amount from webhook_stats_addition
    where webhook_id = any($1::uuid[]) and hour >= (select min(at) from slots)
  ), figures as (
    select webhook_id, hour, amount, case when metric like 'ok:%' then 'succeeded' else metric end as metric from stored
    union all
    select webhook_id, hour, amount, 'ms' || substr(metric, 3) from stored where metric like 'ok:%'
  )
  select f.webhook_id as "webhookId", f.metric, sum(f.amount)::float8 as amount,
    case when f.metric is null or f.metric in ('succeeded', 'failed') or $5::boolean
      then extract(epoch from slots.at)::float8 * 1000 end as "slotMs"
  from slots left join figures f on date_trunc($2, f.hour, 'UTC') = slots.at
  group by 1, 2, 4
  order by 4`

export interface ReadStatisticsOptions {
  window: StatisticsWindow
  /** Whether response times are told by slot too; lists leave it out to move fewer rows. */
  areTimesBySlot: boolean
}

/** Sums of these webhooks over a window, all in one statement whose cost does not depend on the traffic. */
export async function readStatistics(
  sql: Sql,
  webhookIds: readonly string[],
  { window, areTimesBySlot }: ReadStatisticsOptions,
): Promise<Map<string, WindowStatistics>> {
  const { unit, count, stepHours } = SLOTS[window]
  const rows = await sql.query<Row>(
    READ,
    [webhookIds, unit, count, stepHours, areTimesBySlot],
    'read-statistics',
  )
  const slots = [...new Set(rows.flatMap(({ slotMs }) => slotMs ?? []))].sort((one, other) => one - other)
  const statistics = new Map(webhookIds.map((id) => [id, emptyStatistics(slots)]))
  for (const row of rows) {
    const own = row.webhookId === null ? undefined : statistics.get(row.webhookId)
    if (own !== undefined) add(own, row)
  }
  return statistics
}

function emptyStatistics(slots: readonly number[]): WindowStatistics {
  const series = slots.map((ms) => ({
    at: new Date(ms),
    succeeded: 0,
    failed: 0,
    times: new Map<number, number>(),
  }))
  return { succeeded: 0, failed: 0, cancelled: 0, failures: new Map(), times: new Map(), series }
}

function add(statistics: WindowStatistics, { metric, amount, slotMs }: Row): void {
  if (metric === null || amount === null) return
  const slot = statistics.series.find(({ at }) => at.getTime() === slotMs)
  const [kind = '', name = ''] = metric.split(':')
  switch (kind) {
    case 'succeeded':
    case 'failed':
      statistics[kind] += amount
      if (slot !== undefined) slot[kind] += amount
      return
    case 'cancelled':
      statistics.cancelled += amount
      return
    case 'failure':
      addTo(statistics.failures, name, amount)
      return
    case 'ms':
      addTo(statistics.times, Number(name), amount)
      if (slot !== undefined) addTo(slot.times, Number(name), amount)
  }
}

function addTo<Key>(sums: Map<Key, number>, key: Key, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount)
}

// One statement moves them, so readers see each addition on exactly one side. Rows that another process is moving are
// skipped, and the rollup's rows are written in order, so that two processes cannot deadlock.
const FOLD = `
  with batch as (
    select ctid from webhook_stats_addition limit $1 for update skip locked
  ), moved as (
    delete from webhook_stats_addition where ctid = any (array(select ctid from batch))
    returning webhook_id, hour, metric, amount
  ), folded as (
    insert into webhook_stats (webhook_id, hour, metric, amount)
    select webhook_id, hour, metric, sum(amount) from moved group by 1, 2, 3 order by 1, 2, 3
    on conflict (webhook_id, hour, metric) do update set amount = webhook_stats.amount + excluded.amount
  )
  select count(*)::int as moved from moved`

const FOLD_BATCH_ROWS = 5_000
const FOLD_BATCHES_MAX = 40

/**
 * Folds what settling has appended into the rollup, in bounded batches; any number of processes may do so at once.
 * Answers how many rows were moved; when that is less than `rowsMax`, nothing more was there.
 */
export async function foldAdditions(
  sql: Sql,
  rowsMax: number = FOLD_BATCH_ROWS * FOLD_BATCHES_MAX,
): Promise<number> {
  let total = 0
  while (total < rowsMax) {
    const limit = Math.min(FOLD_BATCH_ROWS, rowsMax - total)
    const rows = await sql.query<{ moved: number }>(FOLD, [limit], 'fold-statistics')
    const moved = rows[0]?.moved ?? 0
    total += moved
    if (moved < limit) return total
  }
  return total
}
