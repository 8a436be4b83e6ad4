import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'

/** What the pictures show, by id. */
export interface Company {
  flaky: string
  failing: string
  failed: string
  /** Ends its receivers. */
  stop(): Promise<void>
}

interface Access {
  apiUrl: string
  apiKey: string
  databaseUrl: string
}

type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>

const TYPES = [
  'task.created',
  'task.updated',
  'project.created',
  'project.updated',
  'phase.created',
  'phase.completed',
]
const SETTLED_MS = 60_000

/** A handful of webhooks, good and bad, with deliveries that are made for real and a month of history that is not. */
export async function fillCompany({ apiUrl, apiKey, databaseUrl }: Access): Promise<Company> {
  const call: Call = async <T>(method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${apiUrl}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
    return (answer.status === 204 ? undefined : await answer.json()) as T
  }
  const receiver = await startReceivers()
  const create = async (path: string, members: Record<string, unknown>) =>
    (await call<{ id: string }>('POST', '/webhooks', { url: `${receiver.url}${path}`, ...members })).id

  const billing = await create('/ok/billing', {
    events: ['task.*', 'project.created'],
    description: 'Billing',
  })
  const failing = await create('/503/erp', {
    events: ['task.created'],
    description: 'Acme ERP',
    schedule: ['1s', '1s'],
  })
  const flaky = await create('/flaky/crm', {
    events: ['*'],
    description: 'CRM sync',
    schedule: ['1s', '3s', '1h'],
  })
  const retired = await create('/410/archive', { events: ['phase.*'], description: 'Archive, retired' })
  const lake = await create('/ok/analytics', { events: ['*'], description: 'Analytics' })
  await addHistory(databaseUrl, [billing, flaky, lake])

  for (let index = 0; index < 18; index += 1)
    await call('POST', '/events', {
      type: TYPES[index % TYPES.length],
      data: { id: `task_${index}`, title: 'Order the steel' },
    })
  await call('PATCH', `/webhooks/${lake}`, { enabled: false })
  for (let index = 0; index < 4; index += 1)
    await call('POST', '/events', {
      type: 'project.updated',
      data: { id: `project_${index}`, name: 'North bridge' },
    })
  await call('POST', '/api-keys', { name: 'Planning service', scopes: ['event:write'] })
  await call('PATCH', '/workspace', { alertEmails: ['ops@example.com'] })

  const failed = await untilFailed(call, failing)
  await untilFailed(call, retired)
  return { flaky, failing, failed, stop: receiver.stop }
}

/** The newest delivery of a webhook that has used up its attempts. */
async function untilFailed(call: Call, webhookId: string): Promise<string> {
  const giveUpAt = Date.now() + SETTLED_MS
  while (Date.now() < giveUpAt) {
    const { data } = await call<{ data: { id: string }[] }>(
      'GET',
      `/deliveries?webhookId=${webhookId}&state=failed`,
    )
    const [newest] = data
    if (newest !== undefined) return newest.id
    await pause(200)
  }
  throw new Error('No delivery failed in time.')
}

/** Charts need a past. */
async function addHistory(databaseUrl: string, webhookIds: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(
      `insert into webhook_stats (webhook_id, hour, metric, amount)
       select id::uuid, date_trunc('hour', now()) - make_interval(hours => back), metric, amount
       from unnest($1::text[]) with ordinality as webhooks(id, n), generate_series(1, 700) as back,
         lateral (values
           ('succeeded', (60 + 40 * sin(back / 4.0) + (back * 7919 * n) % 23)::int),
           ('failed', case when (back + 5 * n) % 11 < 2 then (3 + back % 5)::int else 0 end),
           ('failure:timeout', case when (back + 5 * n) % 11 < 2 then (1 + back % 3)::int else 0 end),
           ('failure:status', case when (back + 5 * n) % 11 < 2 then (2 + back % 4)::int else 0 end),
           ('ms:' || (38 + back % 3)::text, 60), ('ms:' || (50 + back % 4)::text, 9), ('ms:' || (60 + back % 5)::text, 2)
         ) as history(metric, amount)
       where amount > 0
       on conflict do nothing`,
      [webhookIds],
    )
  } finally {
    await client.end()
  }
}

/** One server; its paths say how it behaves. */
async function startReceivers(): Promise<{ url: string; stop: () => Promise<void> }> {
  let count = 0
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      count += 1
      const path = request.url ?? ''
      if (path.startsWith('/503')) {
        response.writeHead(503, { 'content-type': 'text/html', server: 'nginx' })
        response.end('<html><body><h1>503 Service Unavailable</h1></body></html>')
      } else if (path.startsWith('/410')) response.writeHead(410).end()
      else if (path.startsWith('/flaky') && count % 3 > 0) {
        response.writeHead(500, { 'content-type': 'application/json' })
        response.end('{"error":"database is locked","retry":true}')
      } else response.writeHead(200, { 'content-type': 'application/json' }).end('{"received":true}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
