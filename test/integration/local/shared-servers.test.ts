import { Client } from 'pg'
import { expect, test } from 'vitest'

import { createTestDatabase } from '../../support/postgres.ts'
import { connectTestTemporal } from '../../support/temporal.ts'

test('every test gets a migrated database of its own', async () => {
  await using first = await createTestDatabase()
  await using second = await createTestDatabase()
  expect(first.url).not.toBe(second.url)
  const client = new Client({ connectionString: first.url })
  await client.connect()
  const { rows } = await client.query("select to_regclass('webhook_delivery')::text as name")
  await client.end()
  expect(rows).toEqual([{ name: 'webhook_delivery' }])
})

test('the Temporal server knows the search attributes', async () => {
  await using temporal = await connectTestTemporal()
  const { customAttributes } = await temporal.client.connection.operatorService.listSearchAttributes({
    namespace: 'default',
  })
  expect(Object.keys(customAttributes)).toEqual(
    expect.arrayContaining([
      'PostriderWorkspaceId',
      'PostriderWebhookId',
      'PostriderEventType',
      'PostriderState',
    ]),
  )
})
