import type { Database } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import { ApiKey, Workspace } from '../db/schema.ts'
import { LockMode } from '@mikro-orm/core'
import { notFound } from '../domain/errors.ts'
import { WORKSPACE_SCOPES } from '../domain/scopes.ts'
import { createKeyText, hashKey } from './api-key-text.ts'
import { recordAudit } from './audit.ts'
import type { Caller } from './callers.ts'

export interface WorkspaceDeps {
  database: Database
  ids: IdSource
}

export interface WorkspaceChanges {
  name?: string
  alertEmails?: readonly string[]
}

const FIRST_KEY_NAME = 'First key'

/** Makes a tenant and its first key, which may do everything but what only operators may. */
export async function createWorkspace(
  { database, ids }: WorkspaceDeps,
  caller: Caller,
  input: { name: string; alertEmails: readonly string[] },
): Promise<{ workspace: Workspace; keyText: string }> {
  const em = database.em()
  const now = new Date()
  const workspace = em.create(
    Workspace,
    { id: ids.next(), name: input.name, alertEmails: [...input.alertEmails], createdAt: now, updatedAt: now },
    { persist: true },
  )
  // The key refers to the workspace by a bare id, so the unit of work would not know which row to insert first.
  await em.begin()
  await em.flush()
  const keyId = ids.next()
  const keyText = createKeyText(keyId)
  em.create(
    ApiKey,
    {
      id: keyId,
      workspaceId: workspace.id,
      name: FIRST_KEY_NAME,
      scopes: [...WORKSPACE_SCOPES],
      secretHash: hashKey(keyText),
      createdAt: now,
      createdBy: caller.actor,
    },
    { persist: true },
  )
  for (const workspaceId of new Set([workspace.id, caller.workspaceId]))
    recordAudit(em, ids, {
      workspaceId,
      actor: caller.actor,
      action: 'workspace.created',
      objectType: 'workspace',
      objectId: workspace.id,
      detail: { name: input.name },
    })
  await em.commit()
  return { workspace, keyText }
}

/** All tenants, newest first: for operators only. One row more than `limit` when there are more. */
export async function listWorkspaces(
  { database }: WorkspaceDeps,
  page: { limit: number; beforeId: string | null },
): Promise<Workspace[]> {
  return database.em().find(Workspace, page.beforeId === null ? {} : { id: { $lt: page.beforeId } }, {
    orderBy: { id: 'desc' },
    limit: page.limit + 1,
  })
}

export async function getWorkspace({ database }: WorkspaceDeps, id: string): Promise<Workspace> {
  const workspace = await database.em().findOne(Workspace, { id })
  if (workspace === null) throw notFound('workspace')
  return workspace
}

/** Changes a workspace. `check` sees it as it stands, with its row locked, and may throw to refuse. */
export async function updateWorkspace(
  { database, ids }: WorkspaceDeps,
  caller: Caller,
  id: string,
  changes: WorkspaceChanges,
  check: (workspace: Workspace) => void,
): Promise<Workspace> {
  return database.em().transactional(async (em) => {
    const workspace = await em.findOne(Workspace, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    if (workspace === null) throw notFound('workspace')
    check(workspace)
    if (changes.name !== undefined) workspace.name = changes.name
    if (changes.alertEmails !== undefined) workspace.alertEmails = [...changes.alertEmails]
    if (Object.keys(changes).length > 0)
      recordAudit(em, ids, {
        workspaceId: id,
        actor: caller.actor,
        action: 'workspace.updated',
        objectType: 'workspace',
        objectId: id,
        detail: { ...changes },
      })
    return workspace
  })
}
