import underPressure from '@fastify/under-pressure'

import { DomainError } from '../domain/errors.ts'
import type { App } from './app-type.ts'

/** Generous: a request that waits this long for the event loop would time out at its caller anyway. */
const EVENT_LOOP_DELAY_MS_MAX = 2_000
const RETRY_AFTER_SECONDS = 2

/** Refuses with 503 while the event loop is far behind, before anything is read or stored. */
export async function addOverloadProtection(app: App): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: EVENT_LOOP_DELAY_MS_MAX,
    retryAfter: RETRY_AFTER_SECONDS,
    customError: Overload,
  })
}

class Overload extends DomainError {
  constructor() {
    super('unavailable', 'The service is overloaded right now. Nothing was stored; try again.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })
  }
}
