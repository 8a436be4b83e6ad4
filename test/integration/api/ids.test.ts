import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type CallApi, createWebhookApi, type WebhookApi } from '../../support/webhook-api.ts'
import { createWebhook, publishEvent } from '../../support/webhooks.ts'

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

describe('an id in capitals or as a URN', () => {
  test.each([(id: string) => id.toUpperCase(), (id: string) => `urn:uuid:${id}`])(
    'is the same id',
    async (write) => {
      const { id, secret } = await createWebhook(call)
      const path = `/webhooks/${write(id)}`
      expect(await call('GET', path)).toMatchObject({ status: 200, body: { id } })
      expect(await call('GET', `${path}/secret`)).toMatchObject({ status: 200, body: { secret } })
      expect((await call('GET', `${path}/stats`)).status).toBe(200)
      await publishEvent(call, 'task.created')
      const { status, body } = await call<{ data: unknown[] }>('GET', `/deliveries?webhookId=${write(id)}`)
      expect({ status, count: body.data.length }).toEqual({ status: 200, count: 1 })
    },
  )

  test('guards one’s own workspace from being erased', async () => {
    expect((await call('DELETE', `/workspaces/${workspaceId.toUpperCase()}`)).status).toBe(409)
    expect((await call('GET', '/workspace')).status).toBe(200)
  })
})
