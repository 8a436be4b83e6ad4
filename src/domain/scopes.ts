export const SCOPES = [
  'webhook:read',
  'webhook:write',
  'webhook:secret',
  'event:read',
  'event:write',
  'delivery:retry',
  'alert:read',
  'alert:write',
  'key:write',
  'workspace:write',
] as const

export type Scope = (typeof SCOPES)[number]

/** `workspace:write` belongs to operators; the first key of a new workspace has every other scope. */
export const WORKSPACE_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'workspace:write')
