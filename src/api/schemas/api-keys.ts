import { type Static, Type } from 'typebox'

import { SCOPES } from '../../domain/scopes.ts'
import { Id, lineOfText, nullable, pageOf, refTo, ScopeName, strictObject, Time } from './shared.ts'

export const ScopeList = Type.Array(ScopeName, { minItems: 1, maxItems: SCOPES.length, uniqueItems: true })

const keyMembers = {
  id: Id,
  name: Type.String({ examples: ['Deployment'] }),
  prefix: Type.String({
    description: 'How the key begins: enough to tell it from others.',
    examples: ['whk_live_0a1b…'],
  }),
  scopes: Type.Array(ScopeName),
  createdAt: Time,
  createdBy: nullable(Type.String()),
  expiresAt: nullable(Time),
  lastUsedAt: nullable(Time),
}

export const ApiKeyModel = Type.Object(keyMembers, { $id: 'ApiKey', description: 'A key, without its text.' })
export type ApiKeyAnswer = Static<typeof ApiKeyModel>

export const NewApiKeyModel = Type.Object(
  { ...keyMembers, key: Type.String({ description: 'The text of the key; shown this once.' }) },
  { $id: 'NewApiKey' },
)

export const ApiKeyPage = pageOf(refTo(ApiKeyModel))

export const ApiKeyBody = strictObject(
  {
    name: lineOfText(100),
    scopes: ScopeList,
    expiresAt: Type.Optional(nullable(Time)),
  },
  { examples: [{ name: 'Deployment', scopes: ['event:write'] }] },
)
