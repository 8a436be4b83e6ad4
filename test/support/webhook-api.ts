import { randomBytes } from 'node:crypto'

import { pino } from 'pino'
import { Registry } from 'prom-client'
import { expect } from 'vitest'

import { buildApp } from '../../src/api/app.ts'
import { openDatabase } from '../../src/db/database.ts'
import { createIdSource } from '../../src/db/ids.ts'
import { SCOPES, type Scope } from '../../src/domain/scopes.ts'
import { createCipher } from '../../src/secrets/cipher.ts'
import type { MasterKey } from '../../src/setting-values.ts'
import { checkCustomHeaders } from '../../src/sending/custom-headers.ts'
import { buildRequest } from '../../src/sending/request.ts'
import { createSender } from '../../src/sending/sender.ts'
import { checkSecret, createSigningKey, generateSecret } from '../../src/sending/signature.ts'
import { checkTargetUrl, NO_ALLOWED_TARGETS, parseAllowedTargets } from '../../src/sending/target-url.ts'
import { createAlerts } from '../../src/usecases/alerts.ts'
import { createDeliveryCommands } from '../../src/usecases/delivery-commands.ts'
import { createKeptAnswers } from '../../src/usecases/kept-answers.ts'
import { createPublishEvents } from '../../src/usecases/publish-events.ts'
import { createSendTest } from '../../src/usecases/send-test.ts'
import { createTargetCache } from '../../src/usecases/target-cache.ts'
import { createWebhooks } from '../../src/usecases/webhooks.ts'
import { readApiDocument } from './openapi.ts'
import { createTestDatabase } from './postgres.ts'

/** What a test reads of an answer: whatever JSON it holds. */
export interface Answer<Body = Record<string, unknown>> {
  status: number
  headers: Record<string, unknown>
  body: Body
  text: string
}

export type CallApi = <Body = Record<string, unknown>>(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer<Body>>

const MASTER_KEY = { kid: 'k1', key: randomBytes(32) }

/** The API on a real database and a real sender, without Temporal. `log` is all that was logged. */
const CALLS_PER_KEY = 90

export async function createWebhookApi({ otherMasterKeys = [] as MasterKey[] } = {}) {
  const testDatabase = await createTestDatabase()
  const database = await openDatabase({ url: testDatabase.url })
  const ids = createIdSource()
  const cipher = createCipher([MASTER_KEY, ...otherMasterKeys])
  const targets = parseAllowedTargets('127.0.0.0/8')
  const rules = { allowHttp: true, allowed: targets.ok ? targets.allowed : NO_ALLOWED_TARGETS }
  const sender = createSender({ rules })
  const log: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void log.push(line) })
  const callers = new Map<string, { workspaceId: string; scopes: readonly Scope[] }>()
  const messenger = { start: () => undefined, retry: () => undefined, cancel: () => undefined }
  const app = await buildApp({
    logger,
    database,
    ids,
    callers: {
      byKey: async (key) => {
        const caller = callers.get(key)
        return caller === undefined ? null : { ...caller, actor: `key ${key}`, keyId: key }
      },
      bySession: async () => null,
    },
    keptAnswers: createKeptAnswers({ database, cipher }),
    publishEvents: createPublishEvents({
      database,
      ids,
      lane: () => ({ firstAttempt: 'workflow', token: null, capacity: 1_000, leaseSeconds: 5 }),
      onAccepted: () => undefined,
    }),
    deliveryCommands: createDeliveryCommands({ database, messenger }),
    webhooks: createWebhooks({
      database,
      ids,
      cipher,
      rules: {
        checkUrl: (text) => checkTargetUrl(text, rules),
        checkHeaders: checkCustomHeaders,
        checkSecret,
        generateSecret,
      },
      defaultSchedule: ['1m', '5m'],
      requestTimeoutMs: 15_000,
    }),
    sendTest: createSendTest({
      database,
      ids,
      targets: createTargetCache({ cipher, createSigningKey, requestTimeoutMs: 15_000 }),
      buildRequest,
      send: sender.send,
    }),
    alerts: createAlerts({ database, ids }),
    readiness: async () => ({ ready: true, problems: [] }),
    metrics: new Registry(),
    publicUrl: 'http://127.0.0.1:3000',
    pageDirectory: 'no-page',
    version: '0.0.0',
  })

  await app.ready()
  const document = readApiDocument(app.swagger() as unknown as Record<string, unknown>)

  /** A workspace of its own, and a way to call the API in its name. */
  async function createWorkspace(scopes: readonly Scope[] = SCOPES) {
    const workspaceId = ids.next()
    await database.sql.query('insert into workspace (id, name) values ($1, $2)', [workspaceId, 'Acme'])
    return { workspaceId, call: callAs(workspaceId, scopes) }
  }

  function callAs(workspaceId: string, scopes: readonly Scope[] = SCOPES): CallApi {
    let key = ''
    let calls = 0
    return async <Body>(
      method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
      path: string,
      input?: unknown,
      headers: Record<string, string> = {},
    ) => {
      // A new key now and then: tests on a fast machine make more than the hundred calls a second of one key.
      if (calls % CALLS_PER_KEY === 0) {
        key = `test-${callers.size}`
        callers.set(key, { workspaceId, scopes })
      }
      calls += 1
      const response = await app.inject({
        method,
        url: `/api/v1${path}`,
        headers: {
          authorization: `Bearer ${key}`,
          ...(input === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(input === undefined ? {} : { payload: JSON.stringify(input) }),
      })
      expect(response.statusCode, response.body).not.toBe(500)
      const body: unknown = response.body === '' ? {} : JSON.parse(response.body)
      const type = response.headers['content-type'] ?? ''
      document.checkAnswer(method, `/api/v1${path}`, { status: response.statusCode, type, body })
      return {
        status: response.statusCode,
        headers: response.headers,
        body,
        text: response.body,
      } as Answer<Body>
    }
  }

  return {
    database,
    ids,
    cipher,
    masterKey: MASTER_KEY,
    databaseUrl: testDatabase.url,
    log,
    createWorkspace,
    callAs,
    async [Symbol.asyncDispose]() {
      await app.close()
      await sender.close()
      await database.close()
      await testDatabase.drop()
    },
  }
}

export type WebhookApi = Awaited<ReturnType<typeof createWebhookApi>>
