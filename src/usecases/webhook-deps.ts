import type { Database } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import type { Schedule } from '../domain/schedule.ts'
import type { Cipher } from '../secrets/cipher.ts'
import type { checkCustomHeaders } from '../sending/custom-headers.ts'
import type { checkSecret, generateSecret } from '../sending/signature.ts'

/** What may be asked of an endpoint: sending knows, and lends its checks. */
export interface EndpointRules {
  /** Answers the URL in its normal form, or one sentence saying why it cannot be called. */
  checkUrl(text: string): { ok: true; href: string } | { ok: false; reason: string }
  checkHeaders: typeof checkCustomHeaders
  checkSecret: typeof checkSecret
  generateSecret: typeof generateSecret
}

export interface WebhookDeps {
  database: Database
  ids: IdSource
  cipher: Cipher
  rules: EndpointRules
  /** Of new webhooks that name none. */
  defaultSchedule: Schedule
  /** Of webhooks that set none, in milliseconds. */
  requestTimeoutMs: number
}

/** In whose name something is done. */
export interface Acting {
  workspaceId: string
  actor: string
}
