import { randomUUID } from 'node:crypto'

import { Client } from 'pg'
import { inject } from 'vitest'

import { migrate } from '../../src/db/migrator.ts'

const TEMPLATE = 'postrider_template'

/** Any constant; PostgreSQL copies a template only while nobody else uses it. */
const CLONE_LOCK = 7_310_553

export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  /** Ends every session and removes it. */
  drop: () => Promise<void>
}

/** Makes the database that all others are copied from. Once per run. */
export async function createTemplate(serverUrl: string): Promise<void> {
  await onServer(serverUrl, async (client) => client.query(`create database ${TEMPLATE}`))
  await migrate(urlOf(serverUrl, TEMPLATE))
}

/** An empty, migrated database of one's own, in some 50 ms. */
export async function createTestDatabase(serverUrl: string = inject('databaseUrl')): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await onServer(serverUrl, async (client) => {
    await client.query('select pg_advisory_lock($1)', [CLONE_LOCK])
    await client.query(`create database ${name} template ${TEMPLATE} strategy file_copy`)
  })
  const drop = async (): Promise<void> => {
    await onServer(serverUrl, async (client) => client.query(`drop database if exists ${name} with (force)`))
  }
  return { url: urlOf(serverUrl, name), drop, [Symbol.asyncDispose]: drop }
}

async function onServer(serverUrl: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}
