import { expireSecrets, findLiveSecrets, insertSecret, type StoredSecret } from '../db/webhook-secrets.ts'
import { lockWebhook, updateWebhook } from '../db/webhooks.ts'
import { DomainError, type InputProblem, notFound } from '../domain/errors.ts'
import { Secret } from '../secrets/secret.ts'
import { insertAudit } from './audit.ts'
import { changeDatabase } from './database-work.ts'
import type { Acting, WebhookDeps } from './webhook-deps.ts'
import { checkSecret, refuseProblems } from './webhook-input.ts'

/** Every live secret signs every request; more than this would make headers that receivers refuse. */
const LIVE_SECRETS_MAX = 10
export const OVERLAP_HOURS_DEFAULT = 24
export const OVERLAP_HOURS_MAX = 168

export interface Rotation {
  secret?: string
  overlapHours?: number
}

export interface RotatedSecret {
  secret: Secret
  /** Until when the one before still signs; null when it was revoked. */
  previousExpiresAt: Date | null
}

export interface WebhookSecrets {
  rotate(acting: Acting, webhookId: string, rotation: Rotation): Promise<RotatedSecret>
  /** The current secret. That it was read stands in the audit log before it is answered. */
  reveal(acting: Acting, webhookId: string): Promise<{ secret: Secret; createdAt: Date }>
}

export function createWebhookSecrets(deps: WebhookDeps): WebhookSecrets {
  const { database, rules, cipher, ids } = deps
  return {
    async rotate(acting, webhookId, { secret: given, overlapHours = OVERLAP_HOURS_DEFAULT }) {
      if (given !== undefined) refuseUnusable(deps, given)
      const secret = new Secret(given ?? rules.generateSecret())
      const { workspaceId } = acting
      return changeDatabase(database, async (sql) => {
        if ((await lockWebhook(sql, workspaceId, webhookId)) === null) throw notFound('webhook')
        const live = await findLiveSecrets(sql, workspaceId, webhookId)
        refuseRepeated(deps, { workspaceId, webhookId }, live, secret)
        if (overlapHours > 0) refuseTooMany(live)
        const previousExpiresAt = await expireSecrets(sql, webhookId, overlapHours)
        const id = ids.next()
        const encrypted = cipher.encrypt(secret, { workspaceId, webhookId, secretId: id })
        await insertSecret(sql, { id, workspaceId, webhookId, encrypted })
        await updateWebhook(sql, webhookId, {})
        await auditSecret(deps, sql, acting, webhookId, 'rotated', { overlapHours })
        return { secret, previousExpiresAt }
      })
    },
    async reveal(acting, webhookId) {
      const { workspaceId } = acting
      return changeDatabase(database, async (sql) => {
        const [current] = await findLiveSecrets(sql, workspaceId, webhookId)
        if (current === undefined) throw notFound('webhook')
        const context = { workspaceId, webhookId, secretId: current.id }
        await auditSecret(deps, sql, acting, webhookId, 'revealed')
        return { secret: cipher.decrypt(current.secretEncrypted, context), createdAt: current.createdAt }
      })
    },
  }
}

function refuseUnusable({ rules }: WebhookDeps, secret: string): void {
  const problems: InputProblem[] = []
  checkSecret(secret, rules, problems)
  refuseProblems(problems)
}

function refuseRepeated(
  { cipher }: WebhookDeps,
  webhook: { workspaceId: string; webhookId: string },
  live: readonly StoredSecret[],
  secret: Secret,
): void {
  const isRepeated = live.some(
    ({ id, secretEncrypted }) =>
      cipher.decrypt(secretEncrypted, { ...webhook, secretId: id }).reveal() === secret.reveal(),
  )
  if (isRepeated)
    refuseProblems([
      { pointer: '/secret', detail: 'This secret is in use already; rotating needs another one.' },
    ])
}

function refuseTooMany(live: readonly StoredSecret[]): void {
  if (live.length < LIVE_SECRETS_MAX) return
  throw new DomainError(
    'conflict',
    `${live.length} secrets of this webhook still sign, which is the most there can be. Wait until one has ended, or rotate with "overlapHours": 0.`,
  )
}

async function auditSecret(
  deps: WebhookDeps,
  sql: Parameters<typeof insertAudit>[0],
  acting: Acting,
  webhookId: string,
  verb: string,
  detail: Record<string, unknown> = {},
): Promise<void> {
  await insertAudit(sql, deps.ids, {
    ...acting,
    action: `secret.${verb}`,
    objectType: 'webhook',
    objectId: webhookId,
    detail,
  })
}
