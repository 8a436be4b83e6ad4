import { type Static, Type } from 'typebox'

import { Id, lineOfText, pageOf, refTo, strictObject, Time } from './shared.ts'

const EMAILS_MAX = 20
/** One plain address: nothing that a mail header could be made of. */
const EMAIL = "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$"

const alertEmails = Type.Array(
  Type.String({ pattern: EMAIL, maxLength: 254, description: 'an e-mail address such as ops@example.com' }),
  {
    maxItems: EMAILS_MAX,
    uniqueItems: true,
    description: 'Who is told of alerts; empty: the operator’s default.',
  },
)

const workspaceMembers = {
  id: Id,
  name: Type.String({ examples: ['Acme'] }),
  alertEmails: Type.Array(Type.String({ examples: ['ops@example.com'] })),
  createdAt: Time,
  updatedAt: Time,
}

export const WorkspaceModel = Type.Object(workspaceMembers, {
  $id: 'Workspace',
  description: 'The tenant: everything else belongs to one.',
})
export type WorkspaceAnswer = Static<typeof WorkspaceModel>

export const NewWorkspaceModel = Type.Object(
  { ...workspaceMembers, key: Type.String({ description: 'Its first key; shown this once.' }) },
  { $id: 'NewWorkspace' },
)

export const WorkspacePage = pageOf(refTo(WorkspaceModel))

export const NewWorkspaceBody = strictObject(
  { name: lineOfText(100), alertEmails: Type.Optional(alertEmails) },
  { examples: [{ name: 'Acme', alertEmails: ['ops@example.com'] }] },
)

export const WorkspaceChangesBody = strictObject(
  { name: Type.Optional(lineOfText(100)), alertEmails: Type.Optional(alertEmails) },
  { examples: [{ alertEmails: ['ops@example.com'] }] },
)
