import { randomBytes, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { pino } from 'pino'
import { Registry } from 'prom-client'

import { buildApp } from '../../src/api/app.ts'
import type { AppDeps } from '../../src/api/app-deps.ts'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { createIdSource } from '../../src/db/ids.ts'
import { SCOPES, type Scope } from '../../src/domain/scopes.ts'
import { createCipher } from '../../src/secrets/cipher.ts'
import { checkCustomHeaders } from '../../src/sending/custom-headers.ts'
import { buildRequest } from '../../src/sending/request.ts'
import type { Exchange } from '../../src/sending/sender.ts'
import { checkSecret, createSigningKey, generateSecret } from '../../src/sending/signature.ts'
import { checkTargetUrl, NO_ALLOWED_TARGETS, parseAllowedTargets } from '../../src/sending/target-url.ts'
import { createAlerts } from '../../src/usecases/alerts.ts'
import { createKeyText } from '../../src/usecases/api-key-text.ts'
import { createApiKey } from '../../src/usecases/api-keys.ts'
import { ensureBootstrapKey } from '../../src/usecases/bootstrap-key.ts'
import { createCallers } from '../../src/usecases/caller-lookup.ts'
import { createDeliveryCommands } from '../../src/usecases/delivery-commands.ts'
import { createKeptAnswers } from '../../src/usecases/kept-answers.ts'
import { createPublishEvents } from '../../src/usecases/publish-events.ts'
import { createSendTest } from '../../src/usecases/send-test.ts'
import { createTargetCache } from '../../src/usecases/target-cache.ts'
import { createWebhooks } from '../../src/usecases/webhooks.ts'
import { createWorkspace } from '../../src/usecases/workspaces.ts'
import { type ApiDocument, readApiDocument } from './openapi.ts'
import { createTestDatabase } from './postgres.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** The parsed body; undefined when there is none. */
  body: Record<string, unknown>
}

export interface CallOptions {
  key?: string | null
  body?: unknown
  /** Sent as it is, instead of `body`. */
  raw?: string | Uint8Array
  headers?: Record<string, string>
}

export interface TestApi extends AsyncDisposable {
  url: string
  database: Database
  databaseUrl: string
  deps: AppDeps
  /** The operator's key. */
  key: string
  workspaceId: string
  document: ApiDocument
  /** Every answer is held against the API's own description. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  /** Another process's API on the same database. */
  another(): Promise<TestApi>
  /** A new workspace and its first key. */
  createTenant(): Promise<{ id: string; key: string }>
  createKey(scopes: readonly Scope[], workspaceId?: string): Promise<string>
  /** Everything that was logged. */
  log(): string
}

/** The whole API on a real socket and a real database of its own. The network and Temporal are stood in for. */
export async function startTestApi(changes: Partial<AppDeps> = {}, databaseUrl?: string): Promise<TestApi> {
  await using resources = new AsyncDisposableStack()
  const testDatabase = databaseUrl === undefined ? await createTestDatabase() : undefined
  if (testDatabase !== undefined) resources.use(testDatabase)
  const url = testDatabase?.url ?? databaseUrl ?? ''
  const database = await openDatabase({ url })
  resources.defer(() => database.close())
  const ids = createIdSource()
  const key = createKeyText(ids.next())
  const { workspaceId } = await ensureBootstrapKey(database, ids, key)
  const lines: string[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const deps = { ...createDeps(database, logger), ...changes }
  const app = await buildApp(deps)
  resources.defer(() => app.close())
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const document = readApiDocument(app.swagger() as unknown as Record<string, unknown>)
  const owned = resources.move()
  const operator = { workspaceId, scopes: SCOPES, actor: 'test', keyId: null }

  return {
    url: origin,
    database,
    databaseUrl: url,
    deps,
    key,
    workspaceId,
    document,
    async call(method, path, options = {}) {
      const answer = await call(origin, method, path, { key, ...options })
      const type = answer.headers.get('content-type') ?? ''
      document.checkAnswer(method, path, { status: answer.status, type, body: answer.body })
      return answer
    },
    another: () => startTestApi(changes, url),
    async createTenant() {
      const { workspace, keyText } = await createWorkspace(deps, operator, {
        name: `tenant ${randomUUID()}`,
        alertEmails: [],
      })
      return { id: workspace.id, key: keyText }
    },
    async createKey(scopes, owner = workspaceId) {
      const caller = { ...operator, workspaceId: owner }
      return (await createApiKey(deps, caller, { name: 'a test key', scopes, expiresAt: null })).text
    },
    log: () => lines.join(''),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function createDeps(database: Database, logger: AppDeps['logger']): AppDeps {
  const ids = createIdSource()
  const cipher = createCipher([{ kid: 'test', key: randomBytes(32) }])
  const parsed = parseAllowedTargets('127.0.0.0/8,::1/128')
  const allowed = parsed.ok ? parsed.allowed : NO_ALLOWED_TARGETS
  return {
    logger,
    database,
    ids,
    callers: createCallers(database),
    keptAnswers: createKeptAnswers({ database, cipher }),
    publishEvents: createPublishEvents({
      database,
      ids,
      lane: () => ({ firstAttempt: 'workflow', token: null, capacity: 0, leaseSeconds: 30 }),
      onAccepted: () => undefined,
    }),
    deliveryCommands: createDeliveryCommands({
      database,
      messenger: { start: () => undefined, retry: () => undefined, cancel: () => undefined },
    }),
    webhooks: createWebhooks({
      database,
      ids,
      cipher,
      rules: {
        checkUrl: (text) => checkTargetUrl(text, { allowHttp: true, allowed }),
        checkHeaders: checkCustomHeaders,
        checkSecret,
        generateSecret,
      },
      defaultSchedule: 'standard',
      requestTimeoutMs: 20_000,
    }),
    sendTest: createSendTest({
      database,
      ids,
      targets: createTargetCache({ cipher, createSigningKey, requestTimeoutMs: 20_000 }),
      buildRequest,
      send: acceptEverything,
    }),
    alerts: createAlerts({ database, ids }),
    readiness: () => Promise.resolve({ ready: true, problems: [] }),
    metrics: new Registry(),
    publicUrl: 'http://postrider.test',
    pageDirectory: join(tmpdir(), 'postrider-page-that-is-not-built'),
    version: '0.0.0-test',
  }
}

/** An endpoint that accepts everything, without a network. */
function acceptEverything(): Promise<Exchange> {
  return Promise.resolve({
    startedAt: new Date(),
    endedAt: new Date(),
    responseTimeMs: 12,
    outcome: { kind: 'accepted', statusCode: 200 },
    statusCode: 200,
    responseHeaders: {},
    responseBody: 'ok',
    responseBodyTruncated: false,
    remoteAddress: '127.0.0.1',
    timings: { dnsMs: null, connectMs: 1, tlsMs: null, firstByteMs: 5 },
  })
}

async function call(origin: string, method: string, path: string, options: CallOptions): Promise<Answer> {
  const { key, body, raw, headers = {} } = options
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: {
      ...(key === null || key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(payload === undefined ? {} : { body: payload as string }),
    redirect: 'manual',
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {},
  }
}

/** Sends bytes that no HTTP client would, and answers all that came back before the connection ended. */
export function sendRaw(origin: string, bytes: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', () => {
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A server may reset a connection whose request it did not read to the end.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.setTimeout(20_000, () => socket.destroy())
  })
}
