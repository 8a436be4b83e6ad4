import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { openDatabase } from '../../src/db/database.ts'
import { deferDelivery } from '../../src/db/dispatching.ts'
import { createIdSource } from '../../src/db/ids.ts'
import { createCipher } from '../../src/secrets/cipher.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { buildRequest } from '../../src/sending/request.ts'
import { createSender } from '../../src/sending/sender.ts'
import { createSigningKey } from '../../src/sending/signature.ts'
import { NO_ALLOWED_TARGETS, parseAllowedTargets } from '../../src/sending/target-url.ts'
import { createAttemptDelivery } from '../../src/usecases/attempt-delivery.ts'
import { createFreshDeliveries } from '../../src/usecases/fresh-deliveries.ts'
import { createDeliveryCommands } from '../../src/usecases/delivery-commands.ts'
import { createFirstSuccessRecorder } from '../../src/usecases/first-successes.ts'
import { createPublishEvents } from '../../src/usecases/publish-events.ts'
import { createRecorder } from '../../src/usecases/recorder.ts'
import { createTargetCache } from '../../src/usecases/target-cache.ts'
import { createTestDatabase } from './postgres.ts'

export interface Received {
  headers: IncomingMessage['headers']
  body: string
}

/** A receiver whose answers a test sets; it keeps what it got. */
export async function startReceiver() {
  const received: Received[] = []
  const answers: { status: number; headers?: Record<string, string>; waitFor?: Promise<unknown> }[] = []
  const receiver = { status: 200, received, answers, url: '', close: () => Promise.resolve() }
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      const answer = answers.shift() ?? { status: receiver.status }
      void Promise.resolve(answer.waitFor).then(() => {
        response.writeHead(answer.status, answer.headers)
        response.end('ok')
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  receiver.close = () =>
    new Promise((resolve) => {
      server.close(() => {
        resolve()
      })
      server.closeAllConnections()
    })
  return receiver
}

/** The use cases of a delivery's life on a real database and a real sender, without Temporal. */
export async function createLife() {
  const testDatabase = await createTestDatabase()
  const database = await openDatabase({ url: testDatabase.url })
  const ids = createIdSource()
  const cipher = createCipher([{ kid: 'test', key: randomBytes(32) }])
  const allowed = parseAllowedTargets('127.0.0.0/8')
  const sender = createSender({
    rules: { allowHttp: true, allowed: allowed.ok ? allowed.allowed : NO_ALLOWED_TARGETS },
  })
  const messages: string[] = []
  const commands = createDeliveryCommands({
    database,
    messenger: {
      start: ({ deliveryId }) => messages.push(`start ${deliveryId}`),
      retry: ({ deliveryId }) => messages.push(`retry ${deliveryId}`),
      cancel: (deliveryId) => messages.push(`cancel ${deliveryId}`),
    },
  })
  const recordDeps = { database, ids, random: () => 0, disableAfterMs: 5 * 86_400_000 }
  const recorder = createRecorder({
    ...recordDeps,
    recordFirstSuccess: createFirstSuccessRecorder(database.sql, 0),
    logFault: () => undefined,
    inPlace: (_, work) => work(),
  })
  const targets = createTargetCache({ cipher, createSigningKey, requestTimeoutMs: 5_000 })
  const attemptDeps = {
    database,
    targets,
    fresh: createFreshDeliveries(),
    send: sender.send,
    buildRequest,
    enterGate: () => Promise.resolve({ kind: 'enter' as const, pass: { leave: () => undefined } }),
    cancelDelivery: commands.cancelById,
    deferDelivery: (id: string, retryInMs: number) => deferDelivery(database.sql, id, retryInMs),
    record: recorder.record,
    passOnFailure: () => Promise.resolve(0),
  }
  const publishEvents = createPublishEvents({
    database,
    ids,
    lane: () => ({ firstAttempt: 'workflow', token: null, capacity: 1000, leaseSeconds: 5 }),
    onAccepted: () => undefined,
  })
  const workspaceId = ids.next()
  await database.sql.query('insert into workspace (id, name) values ($1, $2)', [workspaceId, 'test'])
  const requestHash = randomBytes(32)

  return {
    database,
    ids,
    workspaceId,
    commands,
    recorder,
    recordDeps,
    publishEvents,
    messages,
    attemptDeps,
    attempt: createAttemptDelivery(attemptDeps),
    /** Inserts a webhook with one secret. */
    async createWebhook(url: string, { schedule = 'standard', events = ['*'] } = {}) {
      const id = ids.next()
      const secretId = ids.next()
      await database.sql.query(
        'insert into webhook (id, workspace_id, url, events, schedule) values ($1, $2, $3, $4, $5)',
        [id, workspaceId, url, events, schedule],
      )
      const { text, keyId } = cipher.encrypt(new Secret(`whsec_${randomBytes(32).toString('base64')}`), {
        workspaceId,
        webhookId: id,
        secretId,
      })
      await database.sql.query(
        'insert into webhook_secret (id, webhook_id, workspace_id, secret_encrypted, key_id) values ($1, $2, $3, $4, $5)',
        [secretId, id, workspaceId, text, keyId],
      )
      return id
    },
    /** Publishes one event and answers the ids of its deliveries. */
    async publish(type = 'task.created', data = '{"a":1}', idempotencyKey: string | null = null) {
      const [result] = await publishEvents(workspaceId, [
        { type, data, workflowId: null, timestamp: null, idempotencyKey, requestHash },
      ])
      const rows = await database.sql.query<{ id: string }>(
        'select id from webhook_delivery where event_id = $1',
        [result?.id],
      )
      return rows.map(({ id }) => id)
    },
    async delivery(id: string) {
      const [row] = await database.sql.query<Record<string, unknown>>(
        'select * from webhook_delivery where id = $1',
        [id],
      )
      return row ?? {}
    },
    async webhook(id: string) {
      const [row] = await database.sql.query<Record<string, unknown>>('select * from webhook where id = $1', [
        id,
      ])
      return row ?? {}
    },
    attemptsOf: (id: string) =>
      database.sql.query<Record<string, unknown>>(
        'select * from delivery_attempt where delivery_id = $1 order by number',
        [id],
      ),
    alerts: () => database.sql.query<Record<string, unknown>>('select * from alert order by id'),
    async close() {
      await sender.close()
      await database.close()
      await testDatabase.drop()
    },
  }
}

export type Life = Awaited<ReturnType<typeof createLife>>
