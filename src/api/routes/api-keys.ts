import type { ApiKey } from '../../db/schema.ts'
import { invalidInput } from '../../domain/errors.ts'
import { createApiKey, getApiKey, listApiKeys, revokeApiKey } from '../../usecases/api-keys.ts'
import { keyPrefixOf } from '../../usecases/api-key-text.ts'
import type { AppDeps } from '../app-deps.ts'
import type { App } from '../app-type.ts'
import { readPageRequest, toPage } from '../paging.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import {
  type ApiKeyAnswer,
  ApiKeyBody,
  ApiKeyModel,
  ApiKeyPage,
  NewApiKeyModel,
} from '../schemas/api-keys.ts'
import { IdParams, PageQuery, refTo, strictObject } from '../schemas/shared.ts'
import { readTime, showTime, showTimeOrNull } from '../times.ts'

type ApiKeyRouteDeps = Pick<AppDeps, 'database' | 'ids'>

const tags = ['API keys']
const config = { scope: 'key:write' } as const

export function apiKeyRoutes(app: App, deps: ApiKeyRouteDeps): void {
  app.get(
    '/api-keys',
    {
      config,
      schema: {
        operationId: 'listApiKeys',
        summary: 'List the API keys in force',
        tags,
        querystring: strictObject(PageQuery),
        response: answers({
          200: { description: 'A page of keys, without their text.', schema: ApiKeyPage },
        }),
      },
    },
    async ({ query, caller }) => {
      const page = readPageRequest(query)
      return toPage(await listApiKeys(deps, caller.workspaceId, page), page.limit, showApiKey)
    },
  )

  app.get(
    '/api-keys/:id',
    {
      config,
      schema: {
        operationId: 'getApiKey',
        summary: 'Get an API key',
        tags,
        params: IdParams,
        response: answers(
          { 200: { description: 'The key, without its text.', schema: refTo(ApiKeyModel) } },
          [404],
        ),
      },
    },
    async ({ params, caller }) => showApiKey(await getApiKey(deps, caller.workspaceId, params.id)),
  )

  addCreate(app, deps)
  addRevoke(app, deps)
}

function addCreate(app: App, deps: ApiKeyRouteDeps): void {
  app.post(
    '/api-keys',
    {
      config: { ...config, answersSecret: true },
      schema: {
        operationId: 'createApiKey',
        summary: 'Create an API key',
        description:
          'A key can give only scopes that it has itself. The text of the new key is shown this once.',
        tags,
        body: ApiKeyBody,
        response: answers({ 201: { description: 'The key and its text.', schema: refTo(NewApiKeyModel) } }, [
          409,
          ...BODY_PROBLEMS,
        ]),
      },
    },
    async ({ body, caller }, reply) => {
      const { name, scopes } = body
      const expiresAt = readExpiry(body.expiresAt ?? null)
      const { key, text } = await createApiKey(deps, caller, { name, scopes, expiresAt })
      return reply.code(201).send({ ...showApiKey(key), key: text })
    },
  )
}

function addRevoke(app: App, deps: ApiKeyRouteDeps): void {
  app.delete(
    '/api-keys/:id',
    {
      config,
      schema: {
        operationId: 'revokeApiKey',
        summary: 'Revoke an API key',
        description:
          'Once this is answered, no process accepts the key, nor a session that was opened with it.',
        tags,
        params: IdParams,
        response: answers({ 204: { description: 'It is revoked.' } }, [404]),
      },
    },
    async ({ params, caller }, reply) => {
      await revokeApiKey(deps, caller, params.id)
      return reply.code(204).send()
    },
  )
}

function readExpiry(text: string | null): Date | null {
  if (text === null) return null
  const expiresAt = readTime(text, '/expiresAt')
  if (expiresAt.getTime() <= Date.now())
    throw invalidInput('/expiresAt', `The member "expiresAt" must lie ahead; found ${showTime(expiresAt)}.`)
  return expiresAt
}

function showApiKey(key: ApiKey): ApiKeyAnswer {
  return {
    id: key.id,
    name: key.name,
    prefix: keyPrefixOf(key.id),
    scopes: key.scopes,
    createdAt: showTime(key.createdAt),
    createdBy: key.createdBy ?? null,
    expiresAt: showTimeOrNull(key.expiresAt),
    lastUsedAt: showTimeOrNull(key.lastUsedAt),
  }
}
