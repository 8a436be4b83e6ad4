import type { AuditEntry } from '../../db/schema.ts'
import { listAudit } from '../../usecases/read-audit.ts'
import type { AppDeps } from '../app-deps.ts'
import type { App } from '../app-type.ts'
import { readPageRequest, toPage } from '../paging.ts'
import { answers } from '../schemas/answers.ts'
import { AuditPage } from '../schemas/audit-log.ts'
import { PageQuery, strictObject } from '../schemas/shared.ts'
import { showTime } from '../times.ts'

export function auditLogRoutes(app: App, deps: Pick<AppDeps, 'database'>): void {
  app.get(
    '/audit-log',
    {
      config: { scope: 'key:write' },
      schema: {
        operationId: 'listAuditLog',
        summary: 'Who changed what, when',
        tags: ['Audit log'],
        querystring: strictObject(PageQuery),
        response: answers({ 200: { description: 'A page of entries.', schema: AuditPage } }),
      },
    },
    async ({ query, caller }) => {
      const page = readPageRequest(query)
      return toPage(await listAudit(deps, caller.workspaceId, page), page.limit, showAuditEntry)
    },
  )
}

function showAuditEntry({ id, at, actor, action, objectType, objectId, detail }: AuditEntry) {
  return { id, at: showTime(at), actor, action, objectType, objectId, detail }
}
