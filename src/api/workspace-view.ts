import type { Workspace } from '../db/schema.ts'
import type { WorkspaceAnswer } from './schemas/workspaces.ts'
import { showTime } from './times.ts'

export function showWorkspace(workspace: Workspace): WorkspaceAnswer {
  return {
    id: workspace.id,
    name: workspace.name,
    alertEmails: workspace.alertEmails,
    createdAt: showTime(workspace.createdAt),
    updatedAt: showTime(workspace.updatedAt),
  }
}
