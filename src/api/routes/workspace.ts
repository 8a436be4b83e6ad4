import type { FastifyReply } from 'fastify'

import type { Workspace } from '../../db/schema.ts'
import { getWorkspace, updateWorkspace } from '../../usecases/workspaces.ts'
import type { AppDeps } from '../app-deps.ts'
import type { App } from '../app-type.ts'
import { checkIfMatch, etagOf } from '../etag.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import { IfMatchHeader, refTo } from '../schemas/shared.ts'
import { WorkspaceChangesBody, WorkspaceModel } from '../schemas/workspaces.ts'
import { showWorkspace } from '../workspace-view.ts'

const tags = ['Workspace']

/** One's own workspace. */
export function workspaceRoutes(app: App, deps: Pick<AppDeps, 'database' | 'ids'>): void {
  app.get(
    '/workspace',
    {
      config: { scope: 'webhook:read' },
      schema: {
        operationId: 'getOwnWorkspace',
        summary: 'Get one’s own workspace',
        tags,
        response: answers({ 200: { description: 'The workspace.', schema: refTo(WorkspaceModel) } }),
      },
    },
    async ({ caller }, reply) => answerWorkspace(reply, await getWorkspace(deps, caller.workspaceId)),
  )

  app.patch(
    '/workspace',
    {
      config: { scope: 'alert:write' },
      schema: {
        operationId: 'updateOwnWorkspace',
        summary: 'Change one’s own workspace',
        tags,
        headers: IfMatchHeader,
        body: WorkspaceChangesBody,
        response: answers({ 200: { description: 'The changed workspace.', schema: refTo(WorkspaceModel) } }, [
          412,
          ...BODY_PROBLEMS,
        ]),
      },
    },
    async ({ caller, body, headers }, reply) =>
      answerWorkspace(
        reply,
        await updateWorkspace(deps, caller, caller.workspaceId, body, (current) => {
          checkIfMatch(headers['if-match'], etagOf(showWorkspace(current)))
        }),
      ),
  )
}

export function answerWorkspace(reply: FastifyReply, workspace: Workspace): FastifyReply {
  const answer = showWorkspace(workspace)
  return reply.header('etag', etagOf(answer)).send(answer)
}
