import type { Database } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import { ApiKey } from '../db/schema.ts'
import { DomainError, notFound } from '../domain/errors.ts'
import type { Scope } from '../domain/scopes.ts'
import { createKeyText, hashKey } from './api-key-text.ts'
import { recordAudit } from './audit.ts'
import type { Caller } from './callers.ts'
import { waitOutLeases } from './revocation.ts'

export interface ApiKeyDeps {
  database: Database
  ids: IdSource
}

export interface NewApiKey {
  name: string
  scopes: readonly Scope[]
  expiresAt: Date | null
}

/** Makes a key. Its text is in the answer and nowhere else. Throws `missing_scope` for a scope the caller lacks. */
export async function createApiKey(
  { database, ids }: ApiKeyDeps,
  caller: Caller,
  input: NewApiKey,
): Promise<{ key: ApiKey; text: string }> {
  refuseMissingScopes(caller, input.scopes, '/scopes')
  const id = ids.next()
  const text = createKeyText(id)
  const em = database.em()
  const key = em.create(
    ApiKey,
    {
      id,
      workspaceId: caller.workspaceId,
      name: input.name,
      scopes: [...input.scopes],
      secretHash: hashKey(text),
      createdAt: new Date(),
      createdBy: caller.actor,
      expiresAt: input.expiresAt,
    },
    { persist: true },
  )
  recordAudit(em, ids, {
    workspaceId: caller.workspaceId,
    actor: caller.actor,
    action: 'api_key.created',
    objectType: 'api_key',
    objectId: id,
    detail: { name: input.name, scopes: input.scopes, expiresAt: input.expiresAt },
  })
  await em.flush()
  return { key, text }
}

/** Nobody can give away more than they have. */
export function refuseMissingScopes(caller: Caller, scopes: readonly Scope[], pointer: string): void {
  const errors = scopes.flatMap((scope, index) =>
    caller.scopes.includes(scope)
      ? []
      : [
          {
            pointer: `${pointer}/${index}`,
            detail: `You cannot give the scope ${scope}: this key lacks it.`,
          },
        ],
  )
  if (errors.length > 0)
    throw new DomainError('missing_scope', 'A key can give only scopes that it has itself.', { errors })
}

/** The keys in force, newest first; one row more than `limit` when there are more. */
export async function listApiKeys(
  { database }: ApiKeyDeps,
  workspaceId: string,
  page: { limit: number; beforeId: string | null },
): Promise<ApiKey[]> {
  return database
    .em()
    .find(
      ApiKey,
      { workspaceId, revokedAt: null, ...(page.beforeId === null ? {} : { id: { $lt: page.beforeId } }) },
      { orderBy: { id: 'desc' }, limit: page.limit + 1 },
    )
}

export async function getApiKey({ database }: ApiKeyDeps, workspaceId: string, id: string): Promise<ApiKey> {
  const key = await database.em().findOne(ApiKey, { id, workspaceId, revokedAt: null })
  if (key === null) throw notFound('API key')
  return key
}

/** Takes a key back, and the sessions that were opened with it. True in every process once this has returned. */
export async function revokeApiKey({ database, ids }: ApiKeyDeps, caller: Caller, id: string): Promise<void> {
  await database.em().transactional(async (em) => {
    const revoked = await em.nativeUpdate(
      ApiKey,
      { id, workspaceId: caller.workspaceId, revokedAt: null },
      { revokedAt: new Date() },
    )
    if (revoked === 0) throw notFound('API key')
    recordAudit(em, ids, {
      workspaceId: caller.workspaceId,
      actor: caller.actor,
      action: 'api_key.revoked',
      objectType: 'api_key',
      objectId: id,
    })
  })
  await waitOutLeases()
}
