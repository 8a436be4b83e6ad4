import { createHash } from 'node:crypto'

import type { Static } from 'typebox'

import { DomainError } from '../../domain/errors.ts'
import type { PublishInput } from '../../usecases/publish-events.ts'
import { getEvent, listEvents } from '../../usecases/read-events.ts'
import type { AppDeps } from '../app-deps.ts'
import type { App } from '../app-type.ts'
import { showEvent } from '../event-view.ts'
import { readPageRequest, toPage } from '../paging.ts'
import { answers, BODY_PROBLEMS } from '../schemas/answers.ts'
import {
  EventModel,
  EventPage,
  EventQuery,
  PublishBatchBody,
  PublishBody,
  PublishedBatchModel,
  PublishedModel,
} from '../schemas/events.ts'
import { IdParams, refTo } from '../schemas/shared.ts'
import { readTime, readTimeRange } from '../times.ts'
import { readIdempotencyKey } from '../idempotency-header.ts'

type EventRouteDeps = Pick<AppDeps, 'database' | 'publishEvents'>

const BATCH_BYTES_MAX = 4 * 1024 * 1024
const NO_HASH = Buffer.alloc(0)
const tags = ['Events']

export function eventRoutes(app: App, deps: EventRouteDeps): void {
  addPublish(app, deps)
  addPublishBatch(app, deps)
  addList(app, deps)
  addGet(app, deps)
}

function addPublish(app: App, deps: EventRouteDeps): void {
  app.post(
    '/events',
    {
      config: { scope: 'event:write', rateLimit: 'publish', idempotency: 'own', rawMember: 'data' },
      schema: {
        operationId: 'publishEvent',
        summary: 'Publish an event',
        description:
          'Answered once the event and its deliveries are stored. `idempotencyKey` and the header `Idempotency-Key` are ' +
          'the same thing: within 24 hours one key makes one event.',
        tags,
        body: refTo(PublishBody),
        response: answers(
          {
            202: {
              description: 'Stored, and on its way.',
              schema: refTo(PublishedModel),
              example: { id: '0197c1a2-3b4c-7d5e-8f60-718293a4b5c6', deliveries: 1 },
            },
          },
          [409, ...BODY_PROBLEMS],
        ),
      },
    },
    async ({ body, headers, caller }, reply) => {
      const key = agreeOnKey(readIdempotencyKey(headers), body.idempotencyKey)
      const [result] = await deps
        .publishEvents(caller.workspaceId, [toInput(body, key, '')])
        .catch(withoutIndex)
      if (result?.replayed === true) reply.header('idempotency-replayed', 'true')
      return reply.code(202).send({ id: result?.id, deliveries: result?.deliveries })
    },
  )
}

function addPublishBatch(app: App, deps: EventRouteDeps): void {
  app.post(
    '/events/batch',
    {
      bodyLimit: BATCH_BYTES_MAX,
      config: { scope: 'event:write', rateLimit: 'publish', rawMember: 'events/*/data' },
      schema: {
        operationId: 'publishEvents',
        summary: 'Publish up to 1000 events, all or nothing',
        tags,
        body: refTo(PublishBatchBody),
        response: answers({ 202: { description: 'All are stored.', schema: refTo(PublishedBatchModel) } }, [
          409,
          ...BODY_PROBLEMS,
        ]),
      },
    },
    async ({ body, caller }, reply) => {
      const inputs = body.events.map((event, index) =>
        toInput(event, event.idempotencyKey ?? null, `/events/${index}`),
      )
      const results = await deps.publishEvents(caller.workspaceId, inputs).catch(withinEvents)
      return reply.code(202).send({ data: results.map(({ id, deliveries }) => ({ id, deliveries })) })
    },
  )
}

function addList(app: App, deps: EventRouteDeps): void {
  app.get(
    '/events',
    {
      config: { scope: 'event:read' },
      schema: {
        operationId: 'listEvents',
        summary: 'List published events',
        description: 'Newest first. `from` is inclusive, `to` exclusive.',
        tags,
        querystring: EventQuery,
        response: answers({ 200: { description: 'A page of events.', schema: EventPage } }),
      },
    },
    async ({ query, caller }, reply) => {
      const page = readPageRequest(query)
      const filter = { eventType: query.eventType ?? null, ...readTimeRange(query) }
      const { data, nextCursor } = toPage(
        await listEvents(deps, caller.workspaceId, filter, page),
        page.limit,
        showEvent,
      )
      return reply
        .type('application/json')
        .send(`{"data":[${data.join(',')}],"nextCursor":${JSON.stringify(nextCursor)}}`)
    },
  )
}

function addGet(app: App, deps: EventRouteDeps): void {
  app.get(
    '/events/:id',
    {
      config: { scope: 'event:read' },
      schema: {
        operationId: 'getEvent',
        summary: 'Get an event and where its deliveries stand',
        tags,
        params: IdParams,
        response: answers({ 200: { description: 'The event.', schema: refTo(EventModel) } }, [404]),
      },
    },
    async ({ params, caller }, reply) =>
      reply.type('application/json').send(showEvent(await getEvent(deps, caller.workspaceId, params.id))),
  )
}

function toInput(
  event: Static<typeof PublishBody>,
  idempotencyKey: string | null,
  pointer: string,
): PublishInput {
  const { type, data, workflowId = null, timestamp } = event
  return {
    type,
    data: data.text,
    workflowId,
    timestamp: timestamp === undefined ? null : readTime(timestamp, `${pointer}/timestamp`),
    idempotencyKey,
    requestHash: idempotencyKey === null ? NO_HASH : hashOf(event),
  }
}

/** What "the same event" means for a key: the same members, `data` byte for byte. */
function hashOf({ type, workflowId, timestamp, data }: Static<typeof PublishBody>): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([type, workflowId ?? null, timestamp ?? null]))
    .update(data.text)
    .digest()
}

function agreeOnKey(header: string | null, member: string | undefined): string | null {
  if (header !== null && member !== undefined && header !== member) {
    const detail =
      'The header Idempotency-Key and the member "idempotencyKey" differ; send one, or the same twice.'
    throw new DomainError('invalid_input', detail, { errors: [{ pointer: '/idempotencyKey', detail }] })
  }
  return header ?? member ?? null
}

/** The use case counts events; this route takes one, so its pointers begin at the event. */
function withoutIndex(error: unknown): never {
  throw withPointers(error, (pointer) => pointer.replace(/^\/0(?=\/|$)/, ''))
}

function withinEvents(error: unknown): never {
  throw withPointers(error, (pointer) => `/events${pointer}`)
}

function withPointers(error: unknown, change: (pointer: string) => string): unknown {
  if (!(error instanceof DomainError) || error.errors.length === 0) return error
  const errors = error.errors.map(({ pointer, detail }) => ({ pointer: change(pointer), detail }))
  return new DomainError(error.code, error.message, { errors, cause: error })
}
