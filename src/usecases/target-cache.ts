import type { TargetRow } from '../db/webhook-targets.ts'
import { parseSchedule, type Schedule } from '../domain/schedule.ts'
import type { Cipher } from '../secrets/cipher.ts'
import { headersContext } from '../secrets/secret-context.ts'
import type { SigningKey } from '../sending/signature.ts'

/** A webhook ready to be called: decrypted, its keys made. Never log or serialise one: it holds header values. */
export interface Target {
  readonly webhookId: string
  readonly workspaceId: string
  readonly version: number
  readonly url: string
  /** The customer's own, with lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly concurrency: number
  readonly schedule: Schedule
  readonly enabled: boolean
  readonly isDeleted: boolean
  /** Those that are live at `nowMs` (milliseconds since 1970), newest first. */
  signingKeysAt(nowMs: number): readonly SigningKey[]
  /** Secrets and header values, to be masked where the endpoint echoes them. */
  confidentialTexts(): readonly string[]
}

export interface TargetCache {
  /** Throws a SecretError when a stored secret cannot be decrypted. */
  targetOf(row: TargetRow): Target
}

export interface TargetCacheOptions {
  cipher: Cipher
  createSigningKey: (secret: string) => SigningKey
  /** Of one attempt, where the webhook does not set its own. */
  requestTimeoutMs: number
  /** How many webhooks are kept; the least recently used one goes first. */
  targetsMax?: number
}

const TARGETS_MAX = 10_000

/**
 * Decrypting secrets and making keys costs far more than signing with them, so it is done once per version of a
 * webhook. The row itself is read for every attempt: it says which version is the current one.
 */
export function createTargetCache(options: TargetCacheOptions): TargetCache {
  const targetsMax = options.targetsMax ?? TARGETS_MAX
  /** In order of use, the least recent first: a Map keeps the order of insertion. */
  const targets = new Map<string, Target>()
  return {
    targetOf(row) {
      const known = targets.get(row.id)
      const target = known?.version === row.version ? known : createTarget(row, options)
      targets.delete(row.id)
      targets.set(row.id, target)
      if (targets.size > targetsMax) dropOldest(targets)
      return target
    },
  }
}

function dropOldest(targets: Map<string, Target>): void {
  const [oldest] = targets.keys()
  if (oldest !== undefined) targets.delete(oldest)
}

function createTarget(
  row: TargetRow,
  { cipher, createSigningKey, requestTimeoutMs }: TargetCacheOptions,
): Target {
  const { id: webhookId, workspaceId } = row
  const secrets = row.secrets.map(({ id: secretId, secretEncrypted, expiresAt }) => {
    const secret = cipher.decrypt(secretEncrypted, { workspaceId, webhookId, secretId })
    return { secret, key: createSigningKey(secret.reveal()), expiresMs: expiresAt?.getTime() ?? Infinity }
  })
  const headers = decryptHeaders(row, cipher)
  const confidential = [...secrets.map(({ secret }) => secret.reveal()), ...Object.values(headers)]
  return {
    webhookId,
    workspaceId,
    version: row.version,
    url: row.url,
    headers,
    timeoutMs: row.timeoutMs ?? requestTimeoutMs,
    concurrency: row.concurrency,
    schedule: parseSchedule(row.schedule),
    enabled: row.enabled,
    isDeleted: row.deletedAt !== null,
    signingKeysAt: (nowMs) => secrets.filter(({ expiresMs }) => expiresMs > nowMs).map(({ key }) => key),
    confidentialTexts: () => confidential,
  }
}

function decryptHeaders(row: TargetRow, cipher: Cipher): Record<string, string> {
  if (row.headersEncrypted === null) return {}
  const text = cipher.decrypt(row.headersEncrypted, headersContext(row.workspaceId, row.id)).reveal()
  return JSON.parse(text) as Record<string, string>
}
