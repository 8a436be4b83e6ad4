import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { Client, Connection } from '@temporalio/client'
import { temporal } from '@temporalio/proto'
import { inject } from 'vitest'

import { findFreePort } from '../../src/local/ports.ts'
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts'
import { createKeyText } from '../../src/usecases/api-key-text.ts'
import { createTestDatabase } from './postgres.ts'

const ROOT = join(import.meta.dirname, '../..')
const READY_MS = 60_000

export type Program = 'api' | 'worker'

export interface Answer<Body = Record<string, unknown>> {
  status: number
  headers: Headers
  body: Body
}

export interface TestServiceOptions {
  /** Settings beside or instead of the tests' own. */
  env?: Record<string, string>
  programs?: readonly Program[]
  databaseUrl?: string
  temporalAddress?: string
}

/** The service as its operators run it: real processes against a database and a namespace of its own. */
export async function startTestService(options: TestServiceOptions = {}) {
  const database = options.databaseUrl === undefined ? await createTestDatabase() : undefined
  const databaseUrl = options.databaseUrl ?? database?.url ?? ''
  const temporalAddress = options.temporalAddress ?? inject('temporalAddress')
  const namespace = `test-${randomUUID()}`
  const connection = await Connection.connect({ address: temporalAddress })
  const client = new Client({ connection, namespace })
  await makeNamespace(client, namespace)

  const port = await findFreePort('127.0.0.1')
  const key = createKeyText(randomUUID())
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    POSTRIDER_BOOTSTRAP_API_KEY: key,
    POSTRIDER_MASTER_KEYS: `test:${randomBytes(32).toString('base64')}`,
    POSTRIDER_ALLOW_HTTP: 'true',
    POSTRIDER_ALLOWED_TARGETS: '127.0.0.0/8,::1/128',
    LOG_LEVEL: 'warn',
    ...options.env,
  }
  const url = `http://127.0.0.1:${port}`
  const children = new Map<Program, ChildProcess>()
  const log: string[] = []

  function start(program: Program, extra: Record<string, string> = {}): ChildProcess {
    const child = spawn(process.execPath, [join(ROOT, `src/bin/${program}.ts`)], {
      env: { ...env, ...extra },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => log.push(chunk.toString('utf8')))
    children.set(program, child)
    return child
  }

  async function end(program: Program, signal: NodeJS.Signals): Promise<void> {
    const child = children.get(program)
    if (child === undefined) return
    children.delete(program)
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  async function request<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as Body,
    }
  }

  async function ready(): Promise<void> {
    const giveUpAt = Date.now() + READY_MS
    for (;;) {
      const isReady = await fetch(`${url}/readyz`).then(
        (response) => response.ok,
        () => false,
      )
      if (isReady) return
      const api = children.get('api')
      if (api !== undefined && api.exitCode !== null) throw new Error(`The API has ended:\n${log.join('')}`)
      if (Date.now() > giveUpAt) throw new Error(`The service did not become ready:\n${log.join('')}`)
      await pause(50)
    }
  }

  for (const program of options.programs ?? (['api', 'worker'] as const)) start(program)
  if ((options.programs ?? ['api']).includes('api')) await ready()
  return {
    url,
    key,
    env,
    databaseUrl,
    temporalAddress,
    namespace,
    client,
    log,
    start,
    end,
    child: (program: Program) => children.get(program),
    ready,
    request,
    get: <Body = Record<string, unknown>>(path: string) => request<Body>('GET', path),
    post: <Body = Record<string, unknown>>(path: string, body: unknown, headers?: Record<string, string>) =>
      request<Body>('POST', path, body, headers),
    /** Creates a webhook and answers it with its secret. */
    async createWebhook(members: Record<string, unknown>) {
      const { status, body } = await request<Record<string, unknown> & { id: string; secret: string }>(
        'POST',
        '/webhooks',
        { events: ['*'], ...members },
      )
      if (status !== 201) throw new Error(`No webhook: ${JSON.stringify(body)}`)
      return body
    },
    /** Publishes one event and answers its deliveries. */
    async publish(members: Record<string, unknown> = {}) {
      const { status, body } = await request<{ id: string }>('POST', '/events', {
        type: 'task.created',
        data: { a: 1 },
        ...members,
      })
      if (status !== 202) throw new Error(`Not accepted: ${JSON.stringify(body)}`)
      const event = await request<{ deliveries: { id: string; webhookId: string }[] }>(
        'GET',
        `/events/${body.id}`,
      )
      return { eventId: body.id, deliveries: event.body.deliveries }
    },
    async stop() {
      await Promise.all([...children.keys()].map((program) => end(program, 'SIGKILL')))
      await connection.close()
      await database?.drop()
    },
  }
}

export type TestService = Awaited<ReturnType<typeof startTestService>>

async function makeNamespace(client: Client, namespace: string): Promise<void> {
  await client.workflowService.registerNamespace(
    temporal.api.workflowservice.v1.RegisterNamespaceRequest.fromObject({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 },
    }),
  )
  const giveUpAt = Date.now() + READY_MS
  for (;;) {
    try {
      await registerSearchAttributes(client)
      return
    } catch (error) {
      // A new namespace is known to all parts of the server only after a moment.
      if (Date.now() > giveUpAt) throw error
      await pause(200)
    }
  }
}
