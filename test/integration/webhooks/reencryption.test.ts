import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { findUnknownKeyIds } from '../../../src/db/secret-keys.ts'
import { createCipher } from '../../../src/secrets/cipher.ts'
import { describeMissingMasterKeys } from '../../../src/usecases/missing-master-keys.ts'
import { reencrypt } from '../../../src/usecases/reencrypt.ts'
import { type CallApi, createWebhookApi, type WebhookApi } from '../../support/webhook-api.ts'

let api: WebhookApi
let call: CallApi
const secrets = new Map<string, string>()
const newKey = { kid: 'k2', key: randomBytes(32) }

beforeAll(async () => {
  // As during a change of keys: every process knows both, and still encrypts under the old one.
  api = await createWebhookApi({ otherMasterKeys: [newKey] })
  ;({ call } = await api.createWorkspace())
  for (let n = 0; n < 7; n += 1) {
    const { body } = await call<{ id: string; secret: string }>(
      'POST',
      '/webhooks',
      { url: 'https://hooks.acme.com/', events: ['*'], headers: { 'x-token': `token-${n}` } },
      { 'idempotency-key': `create-${n}` },
    )
    secrets.set(body.id, body.secret)
  }
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

describe('re-encryption under a new master key', () => {
  test('is asked for by a start that lacks a key in use', async () => {
    const { sql } = api.database
    expect(await findUnknownKeyIds(sql, ['k1'])).toEqual([])
    expect(await describeMissingMasterKeys(sql, api.cipher)).toBeNull()
    expect(await describeMissingMasterKeys(sql, createCipher([newKey]))).toContain('lacks k1,')
  })

  test('reaches secrets, headers and kept answers, in batches, while they are read', async () => {
    const both = createCipher([newKey, api.masterKey])
    const reading = Promise.all(
      [...secrets].map(([id]) => call<{ secret: string }>('GET', `/webhooks/${id}/secret`)),
    )
    const results = await reencrypt(api.database.sql, both, 3)
    expect(results).toEqual([
      { table: 'webhook_secret', done: 7, skipped: 0, unreadable: 0 },
      { table: 'webhook', done: 7, skipped: 0, unreadable: 0 },
      { table: 'idempotency_key', done: 7, skipped: 0, unreadable: 0 },
    ])
    for (const { status, body } of await reading)
      expect([status, [...secrets.values()].includes(body.secret)]).toEqual([200, true])
    expect(await findUnknownKeyIds(api.database.sql, ['k2'])).toEqual([])
    const only = createCipher([newKey])
    const rows = await api.database.sql.query<{
      id: string
      webhookId: string
      workspaceId: string
      text: string
    }>(
      `select id, webhook_id as "webhookId", workspace_id as "workspaceId", secret_encrypted as text from webhook_secret`,
    )
    for (const { id, webhookId, workspaceId, text } of rows)
      expect(only.decrypt(text, { workspaceId, webhookId, secretId: id }).reveal()).toBe(
        secrets.get(webhookId),
      )
    expect(await reencrypt(api.database.sql, both)).toMatchObject([{ done: 0 }, { done: 0 }, { done: 0 }])
  })

  test('passes what cannot be read and says so', async () => {
    const newer = createCipher([{ kid: 'k3', key: randomBytes(32) }, newKey])
    await api.database.sql.query(
      `update webhook_secret set secret_encrypted = 'v1.k2.AAAA.AAAA' where id = (select min(id::text)::uuid from webhook_secret)`,
    )
    const results = await reencrypt(api.database.sql, newer, 2)
    expect(results[0]).toEqual({ table: 'webhook_secret', done: 6, skipped: 0, unreadable: 1 })
  })

  test('runs as a command', async () => {
    const keys = [{ kid: 'k4', key: randomBytes(32) }, newKey].map(
      ({ kid, key }) => `${kid}:${key.toString('base64')}`,
    )
    const env = { ...process.env, DATABASE_URL: api.databaseUrl, POSTRIDER_MASTER_KEYS: keys.join(',') }
    const run = promisify(execFile)(process.execPath, ['src/bin/reencrypt.ts'], { env })
    // The rows of the test before stand under a key that this command does not have.
    await expect(run).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('0 webhook secrets are now under the key k4.') as string,
      stderr: expect.stringContaining('could not be decrypted') as string,
    })
  })

  test('has to come first: a process that lacks a key in use does not start, and says which', async () => {
    const env = {
      ...process.env,
      DATABASE_URL: api.databaseUrl,
      POSTRIDER_MASTER_KEYS: `k9:${randomBytes(32).toString('base64')}`,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      PORT: '0',
    }
    await expect(promisify(execFile)(process.execPath, ['src/bin/api.ts'], { env })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('POSTRIDER_MASTER_KEYS lacks k') as string,
    })
  })
})
