import { Type } from 'typebox'

import { EVENT_TYPES } from '../../domain/event-types.ts'
import type { App } from '../app-type.ts'
import { answers } from '../schemas/answers.ts'

const EventTypeList = Type.Object({
  data: Type.Array(
    Type.Object({
      name: Type.String(),
      description: Type.String(),
      example: Type.Object({}, { additionalProperties: true }),
    }),
  ),
  nextCursor: Type.Null(),
})

export function eventTypeRoutes(app: App): void {
  app.get(
    '/event-types',
    {
      config: { scope: 'webhook:read' },
      schema: {
        operationId: 'listEventTypes',
        summary: 'The catalogue of event types',
        tags: ['Event types'],
        response: answers({ 200: { description: 'All of them; the list is short.', schema: EventTypeList } }),
      },
    },
    () => ({ data: EVENT_TYPES, nextCursor: null }),
  )
}
