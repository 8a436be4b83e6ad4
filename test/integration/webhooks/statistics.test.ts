import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { addStatistics } from '../../../src/db/attempt-effects.ts'
import { foldAdditions, readStatistics } from '../../../src/db/statistics.ts'
import { FAILURES } from '../../../src/domain/attempt-outcome.ts'
import { bucketOf } from '../../../src/domain/histogram.ts'
import { STATISTICS_WINDOWS } from '../../../src/domain/statistics-window.ts'
import { type CallApi, createWebhookApi, type WebhookApi } from '../../support/webhook-api.ts'

interface Statistics {
  window: string
  totals: Record<'pending' | 'succeeded' | 'failed' | 'cancelled' | 'held', number>
  successRate: number | null
  responseTimeMs: Record<'p50' | 'p95' | 'p99', number | null>
  failures: Record<string, number>
  series: {
    at: string
    succeeded: number
    failed: number
    p50: number | null
    p95: number | null
    p99: number | null
  }[]
}

let api: WebhookApi
let call: CallApi
let workspaceId: string

beforeAll(async () => {
  api = await createWebhookApi()
  ;({ call, workspaceId } = await api.createWorkspace())
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

async function createWebhook(): Promise<string> {
  const { body } = await call<{ id: string }>('POST', '/webhooks', {
    url: 'https://hooks.acme.com/',
    events: ['*'],
  })
  return body.id
}

async function read(webhookId: string, window: string): Promise<Statistics> {
  const { status, body, text } = await call<Statistics>(
    'GET',
    `/webhooks/${webhookId}/stats?window=${window}`,
  )
  expect(status, text).toBe(200)
  return body
}

const HOUR_MS = 3_600_000

/** Something that happened so many hours ago, and whether the upkeep folds right after it. */
const happening = fc.record({
  hoursAgo: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 24 * 32 })),
  state: fc.constantFrom('succeeded', 'failed', 'cancelled', 'pending', 'held'),
  /** A failed delivery that a manual retry has brought through since. */
  isRepaired: fc.boolean(),
  attempts: fc.array(
    fc.record({
      failure: fc.option(fc.constantFrom(...FAILURES)),
      ms: fc.option(fc.integer({ min: 0, max: 30_000 })),
    }),
    { maxLength: 4 },
  ),
  isFolded: fc.boolean(),
})
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

/** Writes what happened twice: as raw rows, and as those who settle and record append it to the statistics. */
async function write(
  webhookId: string,
  { hoursAgo, state, isRepaired, attempts, isFolded }: Happening,
): Promise<void> {
  const { sql } = api.database
  const at = new Date(Date.now() - hoursAgo * HOUR_MS)
  const id = api.ids.next()
  const isSettled = state !== 'pending' && state !== 'held'
  const isBack = state === 'failed' && isRepaired
  await sql.query(
    `insert into webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, state, settled_at)
     values ($1, $2, $3, $1, 'task.created', $4, $5)`,
    [id, workspaceId, webhookId, isBack ? 'succeeded' : state, isBack ? new Date() : isSettled ? at : null],
  )
  for (const [index, { failure, ms }] of attempts.entries()) {
    await sql.query(
      `insert into delivery_attempt (delivery_id, number, workspace_id, "trigger", started_at, failure, response_time_ms)
       values ($1, $2, $3, 'schedule', $4, $5, $6)`,
      [id, index + 1, workspaceId, at, failure, ms],
    )
    await addStatistics(sql, webhookId, [
      ...(failure === null ? [] : [{ metric: `failure:${failure}`, amount: 1, at }]),
      ...(ms === null ? [] : [{ metric: `ms:${bucketOf(ms)}`, amount: 1, at }]),
    ])
  }
  if (isSettled) await addStatistics(sql, webhookId, [{ metric: state, amount: 1, at }])
  if (isBack)
    await addStatistics(sql, webhookId, [
      { metric: 'failed', amount: -1, at },
      { metric: 'succeeded', amount: 1, at: null },
    ])
  if (isFolded) await foldAdditions(sql)
}

/** The same figures counted over the raw rows. */
async function count(webhookId: string, window: string, startsAt: string) {
  const { sql } = api.database
  const unit = window === '30d' ? 'day' : 'hour'
  const deliveries = await sql.query<{ state: string; at: number; count: number }>(
    `select state, extract(epoch from date_trunc($3, settled_at, 'UTC'))::float8 * 1000 as at, count(*)::int as count
     from webhook_delivery where webhook_id = $1 and settled_at >= $2::timestamptz group by 1, 2`,
    [webhookId, startsAt, unit],
  )
  const open = await sql.query<{ state: string; count: number }>(
    `select state, count(*)::int as count from webhook_delivery where webhook_id = $1 and state in ('pending', 'held') group by 1`,
    [webhookId],
  )
  const failures = await sql.query<{ failure: string; count: number }>(
    `select failure, count(*)::int as count from delivery_attempt a join webhook_delivery d on d.id = a.delivery_id
     where d.webhook_id = $1 and a.started_at >= $2::timestamptz and failure is not null group by 1`,
    [webhookId, startsAt],
  )
  const [times] = await sql.query<Record<'p50' | 'p95' | 'p99', number | null>>(
    `select percentile_disc(0.5) within group (order by response_time_ms) as p50,
       percentile_disc(0.95) within group (order by response_time_ms) as p95,
       percentile_disc(0.99) within group (order by response_time_ms) as p99
     from delivery_attempt a join webhook_delivery d on d.id = a.delivery_id
     where d.webhook_id = $1 and a.started_at >= $2::timestamptz`,
    [webhookId, startsAt],
  )
  const of = (state: string, at?: number) =>
    deliveries
      .filter((row) => row.state === state && (at === undefined || row.at === at))
      .reduce((sum, row) => sum + row.count, 0)
  return {
    of,
    openOf: (state: string) => open.find((row) => row.state === state)?.count ?? 0,
    failures: Object.fromEntries(failures.map((row) => [row.failure, row.count])),
    times: times ?? { p50: null, p95: null, p99: null },
  }
}

describe('statistics from the rollup', () => {
  test('are what a count over the raw deliveries and attempts gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 25 }), async (happenings) => {
        const webhookId = await createWebhook()
        for (const one of happenings) await write(webhookId, one)
        for (const window of STATISTICS_WINDOWS) {
          const shown = await read(webhookId, window)
          const raw = await count(webhookId, window, shown.series[0]?.at ?? '')
          expect(shown.totals).toEqual({
            succeeded: raw.of('succeeded'),
            failed: raw.of('failed'),
            cancelled: raw.of('cancelled'),
            pending: raw.openOf('pending'),
            held: raw.openOf('held'),
          })
          for (const { at, succeeded, failed } of shown.series)
            expect([succeeded, failed]).toEqual([
              raw.of('succeeded', Date.parse(at)),
              raw.of('failed', Date.parse(at)),
            ])
          expect(shown.failures).toEqual(raw.failures)
          for (const name of ['p50', 'p95', 'p99'] as const)
            expectClose(shown.responseTimeMs[name], raw.times[name])
          const settled = raw.of('succeeded') + raw.of('failed')
          if (settled === 0) expect(shown.successRate).toBeNull()
          else expect(shown.successRate).toBeCloseTo(raw.of('succeeded') / settled, 3)
        }
      }),
      { numRuns: 25 },
    )
  })

  test('have a slot for every hour or day, oldest first, in UTC', async () => {
    const webhookId = await createWebhook()
    for (const [window, count, stepMs] of [
      ['24h', 24, HOUR_MS],
      ['7d', 168, HOUR_MS],
      ['30d', 30, 24 * HOUR_MS],
    ] as const) {
      const { series } = await read(webhookId, window)
      const times = series.map(({ at }) => Date.parse(at))
      expect(series).toHaveLength(count)
      expect(new Set(times.slice(1).map((at, index) => at - (times[index] ?? 0)))).toEqual(new Set([stepMs]))
      expect(times[0] ?? 1).toSatisfy((at: number) => at % stepMs === 0)
      expect(Date.now() - (times.at(-1) ?? 0)).toBeLessThan(stepMs + 60_000)
      expect(series[0]).toMatchObject({ succeeded: 0, failed: 0, p50: null, p95: null, p99: null })
    }
    expect((await call('GET', `/webhooks/${webhookId}/stats`)).body).toMatchObject({
      window: '24h',
      successRate: null,
    })
    expect((await call('GET', `/webhooks/${webhookId}/stats?window=1h`)).status).toBe(422)
  })

  test('stand in the list of webhooks too', async () => {
    const webhookId = await createWebhook()
    await addStatistics(api.database.sql, webhookId, [
      { metric: 'succeeded', amount: 97, at: null },
      { metric: 'failed', amount: 3, at: null },
      { metric: 'ms:20', amount: 95, at: null },
      { metric: 'ms:50', amount: 5, at: null },
    ])
    const { body } = await call<{ stats24h: { series: unknown[] } }>('GET', `/webhooks/${webhookId}`)
    expect(body.stats24h).toMatchObject({ succeeded: 97, failed: 3, successRate: 0.97, p95ResponseTimeMs: 7 })
    expect(body.stats24h.series.at(-1)).toMatchObject({ succeeded: 97, failed: 3 })
  })

  test('are complete at every moment while several processes fold', async () => {
    const webhookId = await createWebhook()
    const { sql } = api.database
    await foldAdditions(sql)
    await sql.query(
      `insert into webhook_stats_addition (webhook_id, hour, metric, amount)
       select $1, date_trunc('hour', now(), 'UTC'), 'succeeded', 1 from generate_series(1, 20000)`,
      [webhookId],
    )
    const folding = new AbortController()
    const totals = new Set<number>()
    const watching = (async () => {
      while (!folding.signal.aborted) {
        const figures = await readStatistics(sql, [webhookId], { window: '24h', areTimesBySlot: false })
        totals.add(figures.get(webhookId)?.succeeded ?? -1)
      }
    })()
    const moved = await Promise.all([foldAdditions(sql), foldAdditions(sql), foldAdditions(sql)])
    folding.abort()
    await watching
    expect([...totals]).toEqual([20_000])
    expect(moved.reduce((sum, rows) => sum + rows, 0)).toBe(20_000)
    expect(await foldAdditions(sql)).toBe(0)
    const [row] = await sql.query('select amount::int from webhook_stats where webhook_id = $1', [webhookId])
    expect(row).toEqual({ amount: 20_000 })
  })

  test('are folded in bounded batches', async () => {
    const webhookId = await createWebhook()
    const { sql } = api.database
    await addStatistics(
      sql,
      webhookId,
      Array.from({ length: 10 }, () => ({ metric: 'succeeded', amount: 1, at: null })),
    )
    expect(await foldAdditions(sql, 4)).toBe(4)
    expect(await foldAdditions(sql)).toBe(6)
  })
})

/** A bucket holds what differs by 10 % at most; below a few milliseconds rounding adds one. */
function expectClose(shown: number | null, exact: number | null): void {
  if (exact === null || shown === null) {
    expect(shown).toBe(exact)
    return
  }
  expect(shown).toBeGreaterThanOrEqual(exact)
  expect(shown).toBeLessThanOrEqual(exact * 1.1 + 1.001)
}
