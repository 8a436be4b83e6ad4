// `npm run bench:lists`: fills a database with millions of deliveries and prints how long the lists take to answer.
import { setTimeout as sleep } from 'node:timers/promises'

import { startServiceFor } from './lab/contender.ts'
import { type Lab, openLab } from './lab/lab.ts'
import type { Management } from './lab/management.ts'
import { onServer } from './lab/servers.ts'
import { storeDeliveries } from './lab/stored-deliveries.ts'
import { readOptions } from './options.ts'
import { renderJsonLine } from './report/json-line.ts'
import type { Row, ScenarioResult } from './report/result.ts'
import { renderTable } from './report/table.ts'

const WEBHOOKS = 60
const REPEATS = 20
const DAY_MS = 86_400_000
const RATE_LIMITED = 429
const RATE_PAUSE_MS = 1_000

async function measureLists(lab: Lab): Promise<ScenarioResult> {
  await using resources = new AsyncDisposableStack()
  const paths = Array.from({ length: WEBHOOKS }, (_, index) => `/w/${index}`)
  const { service, databaseUrl, webhookIds } = await startServiceFor(lab, resources, {
    firstAttempt: 'workflow',
    layout: { kind: 'apart', apis: 1, workers: 0 },
    webhooks: Object.fromEntries(
      paths.map((path, index) => [path, { events: [index % 2 === 0 ? 'task.*' : '*'] }]),
    ),
  })
  const [workspace] = await onServer(databaseUrl, 'select id from workspace limit 1')
  const ids = Object.values(webhookIds)
  const workspaceId = String(workspace?.['id'])
  await storeDeliveries({
    databaseUrl,
    count: lab.options.stored,
    workspaceId,
    webhookIds: ids,
    say: lab.say,
  })
  const rows: Row[] = []
  const faults: string[] = []
  for (const query of queries(ids[0] ?? '')) {
    const { row, status } = await time(service.management, query)
    rows.push(row)
    if (status !== 200) faults.push(`${query} answered ${status}`)
  }
  const settings = { stored: lab.options.stored, webhooks: WEBHOOKS, repeats: REPEATS }
  return { rows, settings, faults, remarks: [] }
}

/** The filters, alone and combined. */
function queries(webhookId: string): string[] {
  const now = Date.now()
  const day = `from=${new Date(now - 2 * DAY_MS).toISOString()}&to=${new Date(now - DAY_MS).toISOString()}`
  const states = ['succeeded', 'failed', 'retrying', 'held', 'pending']
  return [
    '/deliveries',
    '/deliveries?limit=100',
    ...states.map((state) => `/deliveries?state=${state}`),
    '/deliveries?eventType=phase.completed',
    `/deliveries?${day}`,
    `/deliveries?webhookId=${webhookId}`,
    ...states.map((state) => `/deliveries?webhookId=${webhookId}&state=${state}`),
    `/deliveries?webhookId=${webhookId}&eventType=task.deleted`,
    `/deliveries?state=failed&eventType=task.deleted`,
    `/deliveries?state=failed&${day}`,
    `/deliveries?webhookId=${webhookId}&state=failed&eventType=task.deleted&${day}`,
    `/deliveries?state=cancelled&eventType=project.created&${day}`,
    '/webhooks',
    '/webhooks?limit=100',
    '/webhooks?status=enabled',
    '/webhooks?status=failed',
    '/webhooks?eventType=task.created',
    '/webhooks?q=w/1',
    '/webhooks?status=enabled&eventType=task.created&q=w/1',
    `/webhooks/${webhookId}/stats?window=24h`,
    `/webhooks/${webhookId}/stats?window=30d`,
    '/events',
  ]
}

async function time({ get }: Management, query: string): Promise<{ row: Row; status: number }> {
  const values: number[] = []
  let status = 0
  // The first one reads what is not cached yet; it counts like the others.
  while (values.length < REPEATS) {
    const answer = await get(query)
    status = answer.status
    if (status === RATE_LIMITED) await sleep(RATE_PAUSE_MS)
    else values.push(answer.tookMs)
  }
  return { row: { label: nameOf(query), unit: 'ms', values }, status }
}

/** Short enough for a table. */
function nameOf(query: string): string {
  const name = query.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ':id').replace(/from=[^&]+&to=[^&]+/, 'from&to')
  return `GET ${name}`
}

async function main(): Promise<void> {
  await using resources = new AsyncDisposableStack()
  const lab = await openLab(await readOptions(process.argv.slice(2)), resources)
  const result = await measureLists(lab)
  process.stdout.write(`${renderJsonLine('lists', lab.machine, result)}\n${renderTable('lists', result)}\n`)
  if (result.faults.length > 0) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
