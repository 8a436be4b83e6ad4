import { createPortalSession } from '../../usecases/portal-sessions.ts'
import type { AppDeps } from '../app-deps.ts'
import type { App } from '../app-type.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import { PortalLinkModel, PortalSessionBody } from '../schemas/portal-sessions.ts'
import { refTo } from '../schemas/shared.ts'
import { showTime } from '../times.ts'

export function portalSessionRoutes(app: App, deps: Pick<AppDeps, 'database' | 'ids' | 'publicUrl'>): void {
  app.post(
    '/portal-sessions',
    {
      config: { scope: 'key:write', answersSecret: true },
      schema: {
        operationId: 'createPortalSession',
        summary: 'Make a one-time link to the settings page',
        description: 'For a person of your own application. It can give only permissions that the key has.',
        tags: ['Settings page'],
        body: PortalSessionBody,
        response: answers({ 201: { description: 'The link.', schema: refTo(PortalLinkModel) } }, [
          409,
          ...BODY_PROBLEMS,
        ]),
      },
    },
    async ({ body, caller }, reply) => {
      const { id, url, expiresAt } = await createPortalSession(deps, caller, body)
      return reply.code(201).send({ id, url, expiresAt: showTime(expiresAt) })
    },
  )
}
