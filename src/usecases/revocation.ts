import { setTimeout as delay } from 'node:timers/promises'

import { REVOCATION_WAIT_MS } from './caller-lookup.ts'

/**
 * Call after the commit that takes a key or a session back: once this has passed, no process honours it any more, so
 * the answer to whoever revoked it is true everywhere.
 */
export function waitOutLeases(): Promise<void> {
  return delay(REVOCATION_WAIT_MS)
}
