import { eraseWorkspace } from '../../usecases/erase-workspace.ts'
import { createWorkspace, getWorkspace, listWorkspaces, updateWorkspace } from '../../usecases/workspaces.ts'
import type { AppDeps } from '../app-deps.ts'
import type { App } from '../app-type.ts'
import { checkIfMatch, etagOf } from '../etag.ts'
import { readPageRequest, toPage } from '../paging.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import { IdParams, IfMatchHeader, PageQuery, refTo, strictObject } from '../schemas/shared.ts'
import {
  NewWorkspaceBody,
  NewWorkspaceModel,
  WorkspaceChangesBody,
  WorkspaceModel,
  WorkspacePage,
} from '../schemas/workspaces.ts'
import { showWorkspace } from '../workspace-view.ts'
import { answerWorkspace } from './workspace.ts'

type WorkspaceRouteDeps = Pick<AppDeps, 'database' | 'ids'>

const tags = ['Workspaces (operators)']
const config = { scope: 'workspace:write' } as const

/** The operator's: the only routes that see other workspaces than the caller's own. */
export function workspacesRoutes(app: App, deps: WorkspaceRouteDeps): void {
  addList(app, deps)
  addCreate(app, deps)
  addGet(app, deps)
  addUpdate(app, deps)
  addErase(app, deps)
}

function addList(app: App, deps: WorkspaceRouteDeps): void {
  app.get(
    '/workspaces',
    {
      config,
      schema: {
        operationId: 'listWorkspaces',
        summary: 'List workspaces',
        tags,
        querystring: strictObject(PageQuery),
        response: answers({ 200: { description: 'A page of workspaces.', schema: WorkspacePage } }),
      },
    },
    async ({ query }) => {
      const page = readPageRequest(query)
      return toPage(await listWorkspaces(deps, page), page.limit, showWorkspace)
    },
  )
}

function addCreate(app: App, deps: WorkspaceRouteDeps): void {
  app.post(
    '/workspaces',
    {
      config: { ...config, answersSecret: true },
      schema: {
        operationId: 'createWorkspace',
        summary: 'Create a workspace and its first key',
        tags,
        body: NewWorkspaceBody,
        response: answers(
          {
            201: {
              description: 'The workspace, and its first key, shown this once.',
              schema: refTo(NewWorkspaceModel),
            },
          },
          [409, ...BODY_PROBLEMS],
        ),
      },
    },
    async ({ body: { name, alertEmails = [] }, caller }, reply) => {
      const { workspace, keyText } = await createWorkspace(deps, caller, { name, alertEmails })
      return reply.code(201).send({ ...showWorkspace(workspace), key: keyText })
    },
  )
}

function addGet(app: App, deps: WorkspaceRouteDeps): void {
  app.get(
    '/workspaces/:id',
    {
      config,
      schema: {
        operationId: 'getWorkspace',
        summary: 'Get a workspace',
        tags,
        params: IdParams,
        response: answers({ 200: { description: 'The workspace.', schema: refTo(WorkspaceModel) } }, [404]),
      },
    },
    async ({ params }, reply) => answerWorkspace(reply, await getWorkspace(deps, params.id)),
  )
}

function addUpdate(app: App, deps: WorkspaceRouteDeps): void {
  app.patch(
    '/workspaces/:id',
    {
      config,
      schema: {
        operationId: 'updateWorkspace',
        summary: 'Change a workspace',
        tags,
        params: IdParams,
        headers: IfMatchHeader,
        body: WorkspaceChangesBody,
        response: answers({ 200: { description: 'The changed workspace.', schema: refTo(WorkspaceModel) } }, [
          404,
          412,
          ...BODY_PROBLEMS,
        ]),
      },
    },
    async ({ params, caller, body, headers }, reply) =>
      answerWorkspace(
        reply,
        await updateWorkspace(deps, caller, params.id, body, (current) => {
          checkIfMatch(headers['if-match'], etagOf(showWorkspace(current)))
        }),
      ),
  )
}

function addErase(app: App, deps: WorkspaceRouteDeps): void {
  app.delete(
    '/workspaces/:id',
    {
      config,
      schema: {
        operationId: 'deleteWorkspace',
        summary: 'Erase a workspace and all it holds',
        description: 'Its keys, sessions and webhooks stop at once. If it is interrupted, ask again.',
        tags,
        params: IdParams,
        response: answers({ 204: { description: 'It is erased.' } }, [404, 409]),
      },
    },
    async ({ params, caller }, reply) => {
      await eraseWorkspace(deps, caller, params.id)
      return reply.code(204).send()
    },
  )
}
