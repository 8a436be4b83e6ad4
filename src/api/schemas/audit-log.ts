import { Type } from 'typebox'

import { Id, pageOf, refTo, Time } from './shared.ts'

export const AuditEntryModel = Type.Object(
  {
    id: Id,
    at: Time,
    actor: Type.String({ description: 'The name of the key, or who the session belonged to.' }),
    action: Type.String({ examples: ['webhook.created'] }),
    objectType: Type.String({ examples: ['webhook'] }),
    objectId: Type.String(),
    detail: Type.Object({}, { additionalProperties: true }),
  },
  { $id: 'AuditEntry', description: 'Who changed what, when.' },
)

export const AuditPage = pageOf(refTo(AuditEntryModel))
