import { createHash, timingSafeEqual } from 'node:crypto'

import {
  findLiveKey,
  findLiveSession,
  type KeyRow,
  markKeyUsed,
  markSessionSeen,
  type SessionRow,
} from '../db/callers.ts'
import type { Database } from '../db/database.ts'
import { hashKey, idTextOf, isChecksumRight, keyIdOf } from './api-key-text.ts'
import type { Caller, Callers, FoundCaller } from './callers.ts'
import { createLeaseCache } from './lease-cache.ts'

/** For how long a process may honour what it once read about a key or a session. */
const LEASE_MS = 300
const ENTRIES_MAX = 10_000

/** What a revocation waits after its commit: a lease, and what clocks and timers may be off by. */
export const REVOCATION_WAIT_MS = LEASE_MS + 50

export const SESSION_IDLE_MS = 30 * 60_000

/** Compared with when there is no such key, so that the time an answer takes does not tell whether there is one. */
const NO_HASH = Buffer.alloc(32)

export interface CallerLookupOptions {
  /** A bootstrap key is made by an operator: it may lack the checksum that ours have. */
  bootstrapKey?: string | null
}

/** Finds callers in the database, asking for a busy key at most a few times a second. */
export function createCallers(
  database: Pick<Database, 'sql'>,
  { bootstrapKey = null }: CallerLookupOptions = {},
): Callers {
  const { sql } = database
  const keys = createLeaseCache<KeyRow>(
    async (idText) => {
      const key = await findLiveKey(sql, keyIdOf(idText))
      if (key !== null) inBackground(markKeyUsed(sql, key.id))
      return key
    },
    { leaseMs: LEASE_MS, entriesMax: ENTRIES_MAX },
  )
  const sessions = createLeaseCache<SessionRow>(
    async (hash) => {
      const session = await findLiveSession(sql, Buffer.from(hash, 'base64url'), SESSION_IDLE_MS)
      if (session !== null) inBackground(markSessionSeen(sql, session.id))
      return session
    },
    { leaseMs: LEASE_MS, entriesMax: ENTRIES_MAX },
  )

  /** Of keys that proved right: a busy key is hashed once, not for every request. */
  const hashes = new Map<string, Buffer>()
  const hashOf = (keyText: string): Buffer => hashes.get(keyText) ?? hashKey(keyText)

  function judgeKey(keyText: string, key: KeyRow | null): Caller | null {
    const isRight = timingSafeEqual(hashOf(keyText), key?.secretHash ?? NO_HASH)
    if (isRight && !hashes.has(keyText)) {
      if (hashes.size >= ENTRIES_MAX) hashes.clear()
      hashes.set(keyText, hashKey(keyText))
    }
    return key === null || !isRight || isOver(key.expiresAt) ? null : callerOfKey(key)
  }

  return {
    byKey(keyText) {
      const idText = idTextOf(keyText)
      if (idText === undefined) return null
      // Only a look-up is worth sparing: for a key that is known, comparing its hash says all.
      if (!keys.isKnown(idText) && !isChecksumRight(keyText) && keyText !== bootstrapKey) return null
      return then(keys.get(idText), (key) => judgeKey(keyText, key))
    },
    bySession(sessionText) {
      const hash = createHash('sha256').update(sessionText).digest('base64url')
      return then(sessions.get(hash), (session) =>
        session === null || isOver(session.expiresAt) ? null : callerOfSession(session),
      )
    },
  }
}

function then<Row>(found: Row | Promise<Row>, judge: (row: Row) => Caller | null): FoundCaller {
  return found instanceof Promise ? found.then(judge) : judge(found)
}

function callerOfKey(key: KeyRow): Caller {
  return { workspaceId: key.workspaceId, scopes: key.scopes, actor: key.name, keyId: key.id }
}

function callerOfSession(session: SessionRow): Caller {
  return {
    workspaceId: session.workspaceId,
    scopes: session.permissions,
    actor: session.actor,
    keyId: session.keyId,
  }
}

function isOver(at: Date | null): boolean {
  return at !== null && at.getTime() <= Date.now()
}

/** Losing a mark of use harms nobody, so no request fails or waits for it. */
function inBackground(work: Promise<void>): void {
  work.catch(() => undefined)
}
