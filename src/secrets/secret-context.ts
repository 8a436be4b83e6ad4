import { createHash } from 'node:crypto'

/**
 * What a ciphertext belongs to. It is bound into the key and into the authentication tag, so that a row copied to
 * another webhook or workspace cannot be decrypted there.
 */
export interface SecretContext {
  workspaceId: string
  webhookId: string
  secretId: string
}

/** The context of a webhook's custom headers, which are encrypted as one JSON object. */
export function headersContext(workspaceId: string, webhookId: string): SecretContext {
  return { workspaceId, webhookId, secretId: 'headers' }
}

/** The context of an answer kept for an `Idempotency-Key`. Hashed, because the key is the client's free text. */
export function answerContext(workspaceId: string, route: string, key: string): SecretContext {
  const secretId = createHash('sha256')
    .update(JSON.stringify([route, key]))
    .digest('hex')
  return { workspaceId, webhookId: 'idempotency', secretId }
}
