import type { Sql } from './database.ts'

export interface TargetSecretRow {
  id: string
  secretEncrypted: string
  createdAt: Date
  /** Until when an older secret still signs; null for the current one. */
  expiresAt: Date | null
}

/** All that an attempt needs to know of its webhook, still encrypted. */
export interface TargetRow {
  id: string
  workspaceId: string
  /** Rises with every change of what follows. */
  version: number
  url: string
  /** One JSON object of header names and values; null when there are none. */
  headersEncrypted: string | null
  timeoutMs: number | null
  concurrency: number
  /** In its stored form (`parseSchedule` reads it). */
  schedule: string
  enabled: boolean
  deletedAt: Date | null
  /** The live ones, newest first. */
  secrets: TargetSecretRow[]
}

/** Times cross as milliseconds since 1970, so that no setting of the driver can change what they mean. */
interface Row extends Omit<TargetRow, 'deletedAt' | 'secrets'> {
  deletedMs: number | null
  secrets: { id: string; secretEncrypted: string; createdMs: number; expiresMs: number | null }[]
}

const LOAD = `
  select w.id, w.workspace_id as "workspaceId", w.version, w.url, w.headers_encrypted as "headersEncrypted",
    w.timeout_ms as "timeoutMs", w.concurrency, w.schedule, w.enabled,
    (extract(epoch from w.deleted_at) * 1000)::float8 as "deletedMs",
    coalesce((
      select json_agg(json_build_object('id', s.id, 'secretEncrypted', s.secret_encrypted,
        'createdMs', extract(epoch from s.created_at) * 1000,
        'expiresMs', extract(epoch from s.expires_at) * 1000) order by s.id desc)
      from webhook_secret s
      where s.webhook_id = w.id and (s.expires_at is null or s.expires_at > now())
    ), '[]') as secrets
  from webhook w
  where w.id = any($1)`

/** Reads the webhooks with these ids, deleted ones included, in one statement. Ids that never were are left out. */
export async function loadTargets(sql: Sql, webhookIds: readonly string[]): Promise<Map<string, TargetRow>> {
  if (webhookIds.length === 0) return new Map()
  const rows = await sql.query<Row>(LOAD, [[...new Set(webhookIds)]], { hot: 'load_targets' })
  return new Map(rows.map((row) => [row.id, fromRow(row)]))
}

function fromRow({ deletedMs, secrets, ...row }: Row): TargetRow {
  return {
    ...row,
    deletedAt: dateOf(deletedMs),
    secrets: secrets.map(({ createdMs, expiresMs, ...secret }) => ({
      ...secret,
      createdAt: new Date(createdMs),
      expiresAt: dateOf(expiresMs),
    })),
  }
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}
