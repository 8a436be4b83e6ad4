import { Type } from 'typebox'

import { ScopeList } from './api-keys.ts'
import { Id, lineOfText, ScopeName, strictObject, Time } from './shared.ts'

const TTL_SECONDS_MAX = 7 * 86_400

export const PortalSessionBody = strictObject(
  {
    permissions: ScopeList,
    ttlSeconds: Type.Integer({
      minimum: 1,
      maximum: TTL_SECONDS_MAX,
      description: 'For how long the link can be used, once. The session it opens lasts 8 hours at most.',
    }),
    actor: lineOfText(200, { description: 'Who it is for; shown in the audit log.' }),
  },
  {
    examples: [
      { permissions: ['webhook:read', 'webhook:write'], ttlSeconds: 3600, actor: 'ada@example.com' },
    ],
  },
)

export const PortalLinkModel = Type.Object(
  {
    id: Id,
    url: Type.String({ description: 'Opens the settings page, once. The code is in the fragment.' }),
    expiresAt: Time,
  },
  { $id: 'PortalLink' },
)

/** Exactly one of the two. */
export const SignInBody = strictObject(
  {
    code: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'The code of a sign-in link.' }),
    ),
    apiKey: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'The text of an API key.' }),
    ),
  },
  { minProperties: 1, maxProperties: 1, examples: [{ code: 'the code of the link' }] },
)

export const SessionModel = Type.Object(
  {
    actor: Type.String(),
    scopes: Type.Array(ScopeName),
    workspace: Type.Object({ id: Id, name: Type.String() }),
  },
  { $id: 'Session', description: 'Who is signed in, and what they may do.' },
)
