import { createHash } from 'node:crypto'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { acceptEvents } from '../../../src/db/accepting.ts'
import type { Sql } from '../../../src/db/database.ts'
import { createIdSource } from '../../../src/db/ids.ts'
import { ensurePartitions } from '../../../src/db/partitions.ts'
import { createPublishEvents, type PublishInput } from '../../../src/usecases/publish-events.ts'
import { createLife, type Life } from '../../support/life.ts'

let life: Life

beforeAll(async () => {
  life = await createLife()
})

afterAll(async () => {
  await life.close()
})

beforeEach(async () => {
  await life.database.sql.query('update webhook set deleted_at = now() where deleted_at is null')
})

function event(members: Partial<PublishInput> = {}): PublishInput {
  const data = members.data ?? '{"a":1}'
  return {
    type: 'task.created',
    data,
    workflowId: null,
    timestamp: null,
    idempotencyKey: null,
    requestHash: createHash('sha256').update(data).digest(),
    ...members,
  }
}

/** Publishing with the statements counted. */
function counted(now?: () => number) {
  const { database } = life
  const statements: string[] = []
  const counting = (sql: Sql): Sql => ({
    query(text, values, name) {
      statements.push(text)
      return sql.query(text, values, name)
    },
  })
  const publishEvents = createPublishEvents({
    database: {
      sql: counting(database.sql),
      transaction: (work) => {
        statements.push('begin and commit')
        return database.transaction((sql) => work(counting(sql)))
      },
    },
    ids: createIdSource(now),
    lane: () => ({ firstAttempt: 'workflow', token: null, capacity: 10_000, leaseSeconds: 5 }),
    onAccepted: () => undefined,
  })
  return { publishEvents, statements }
}

async function countRows(table: 'event' | 'webhook_delivery'): Promise<number> {
  const [row] = await life.database.sql.query<{ count: number }>(
    `select count(*)::integer as count from ${table}`,
  )
  return row?.count ?? 0
}

describe('accepting', () => {
  test.each([1, 500])('takes one statement when %i webhooks match', async (webhooks) => {
    await Promise.all(
      Array.from({ length: webhooks }, (_, number) => life.createWebhook(`http://127.0.0.1:1/${number}`)),
    )
    const { publishEvents, statements } = counted()
    const [result] = await publishEvents(life.workspaceId, [event()])
    expect(result?.deliveries).toBe(webhooks)
    expect(statements).toHaveLength(1)
  })

  test('takes one statement for a batch of 1000 events, and a fixed number when they carry keys', async () => {
    await life.createWebhook('http://127.0.0.1:1/')
    const { publishEvents, statements } = counted()
    const results = await publishEvents(
      life.workspaceId,
      Array.from({ length: 1000 }, () => event()),
    )
    expect(results.every(({ deliveries }) => deliveries === 1)).toBe(true)
    expect(statements).toHaveLength(1)

    statements.length = 0
    const keyed = Array.from({ length: 1000 }, (_, number) => event({ idempotencyKey: `batch-${number}` }))
    const first = await publishEvents(life.workspaceId, keyed)
    expect(statements.length).toBeLessThanOrEqual(4)
    const again = await publishEvents(life.workspaceId, keyed)
    expect(again).toEqual(first.map((result) => ({ ...result, replayed: true })))
  })

  test('makes one event of 100 concurrent publishes with one key, in two processes', async () => {
    await life.createWebhook('http://127.0.0.1:1/')
    const before = await countRows('event')
    const [one, other] = [counted().publishEvents, counted().publishEvents]
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, number) =>
        (number % 2 === 0 ? one : other)(life.workspaceId, [event({ idempotencyKey: 'one' })]),
      ),
    )
    const answers = results.flat()
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
    expect(answers.every(({ deliveries }) => deliveries === 1)).toBe(true)
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect((await countRows('event')) - before).toBe(1)
  })

  test('refuses the same key for another event, and a whole batch for one such key', async () => {
    const { publishEvents } = counted()
    await publishEvents(life.workspaceId, [event({ idempotencyKey: 'taken' })])
    const other = event({ idempotencyKey: 'taken', data: '{"a":2}' })
    await expect(publishEvents(life.workspaceId, [other])).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    })
    const before = await countRows('event')
    await expect(publishEvents(life.workspaceId, [event(), other, event()])).rejects.toMatchObject({
      code: 'idempotency_mismatch',
      errors: [{ pointer: '/1/idempotencyKey' }],
    })
    expect(await countRows('event')).toBe(before)
  })

  test('forgets a key after 24 hours', async () => {
    const { publishEvents } = counted()
    const [first] = await publishEvents(life.workspaceId, [event({ idempotencyKey: 'old' })])
    await life.database.sql.query(
      `update idempotency_key set created_at = now() - interval '24 hours 1 minute' where key = 'old'`,
    )
    const [second] = await publishEvents(life.workspaceId, [
      event({ idempotencyKey: 'old', data: '{"a":3}' }),
    ])
    expect(second).toMatchObject({ replayed: false })
    expect(second?.id).not.toBe(first?.id)
  })

  test('gives a poisoned publish its own error and accepts the other 99', async () => {
    await life.createWebhook('http://127.0.0.1:1/')
    const { publishEvents } = counted()
    const before = await countRows('event')
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, number) =>
        // A NUL cannot be stored; the API refuses it long before, so this is a fault that nobody foresaw.
        publishEvents(life.workspaceId, [event({ workflowId: number === 37 ? 'a\0b' : null })]),
      ),
    )
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    expect(results[37]?.status).toBe('rejected')
    expect((await countRows('event')) - before).toBe(99)
  })

  test('goes on when the clock has moved by 60 days and no week was prepared', async () => {
    await life.createWebhook('http://127.0.0.1:1/')
    const { publishEvents } = counted(() => Date.now() + 60 * 86_400_000)
    const [result] = await publishEvents(life.workspaceId, [event()])
    expect(result).toMatchObject({ deliveries: 1, replayed: false })
    expect(await ensurePartitions(life.database.sql, new Date(Date.now() + 60 * 86_400_000))).toBe(0)
  })

  test('reads neither webhooks nor subscriptions in whole, whichever pattern most of them have', async () => {
    const id = await life.createWebhook('http://127.0.0.1:1/', { events: ['project.deleted'] })
    await life.database.sql.query(
      `insert into webhook (id, workspace_id, url, events, schedule)
       select gen_random_uuid(), workspace_id, url || n, events, schedule from webhook, generate_series(1, 2000) as n
       where id = $1`,
      [id],
    )
    await life.createWebhook('http://127.0.0.1:1/')
    await life.database.sql.query('analyze webhook, webhook_subscription')
    const lane = { firstAttempt: 'workflow', token: null, capacity: 10, leaseSeconds: 5 } as const
    const { requestHash: _, data: payload, ...members } = event()
    const row = {
      ...members,
      id: createIdSource().next(),
      workspaceId: life.workspaceId,
      payload,
      requestHash: null,
    }
    const countScans = async (sql: Sql) =>
      sql.query(
        `select relname, seq_scan from pg_stat_xact_user_tables where relname like 'webhook%' order by relname`,
      )
    const { deliveries, before, after } = await life.database.transaction(async (sql) => ({
      before: await countScans(sql),
      deliveries: (await acceptEvents(sql, [row], lane)).get(row.id),
      after: await countScans(sql),
    }))
    expect(deliveries).toHaveLength(1)
    expect(after).toEqual(before)
  })

  test('matches types, groups and everything, each webhook once', async () => {
    const all = await life.createWebhook('http://127.0.0.1:1/', { events: ['*', 'task.*', 'task.created'] })
    const group = await life.createWebhook('http://127.0.0.1:1/', { events: ['task.*', 'task.created'] })
    const one = await life.createWebhook('http://127.0.0.1:1/', { events: ['task.created', 'phase.updated'] })
    const none = await life.createWebhook('http://127.0.0.1:1/', { events: ['project.*'] })
    const matched = async (type: string) => {
      const [result] = await counted().publishEvents(life.workspaceId, [event({ type })])
      const rows = await life.database.sql.query<{ webhook_id: string }>(
        'select webhook_id from webhook_delivery where event_id = $1',
        [result?.id],
      )
      return rows.map((row) => row.webhook_id).sort()
    }
    expect(await matched('task.created')).toEqual([all, group, one].sort())
    expect(await matched('task.deleted')).toEqual([all, group].sort())
    expect(await matched('project.updated')).toEqual([all, none].sort())
    expect(await matched('phase.completed')).toEqual([all])
  })
})
