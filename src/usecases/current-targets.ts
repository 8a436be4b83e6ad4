import type { Sql } from '../db/database.ts'
import { loadTargets } from '../db/webhook-targets.ts'
import type { Target, TargetCache } from './target-cache.ts'

const TARGETS_MAX = 20_000

/**
 * The webhooks at the versions that a statement has just seen, or at newer ones: only what has changed since it was last
 * read is read again. Webhooks that are gone (their version is null) are missing from the answer.
 */
export function createCurrentTargets(
  sql: Sql,
  cache: TargetCache,
): (versions: ReadonlyMap<string, number | null>) => Promise<ReadonlyMap<string, Target>> {
  const known = new Map<string, Target>()

  return async (versions) => {
    const current = new Map<string, Target>()
    const stale: string[] = []
    for (const [id, version] of versions) {
      const target = known.get(id)
      if (version === null) continue
      if (target === undefined || target.version < version) stale.push(id)
      else current.set(id, target)
    }
    if (stale.length === 0) return current
    const rows = await loadTargets(sql, stale)
    if (known.size + rows.size > TARGETS_MAX) known.clear()
    for (const [id, row] of rows) {
      const target = cache.targetOf(row)
      current.set(id, target)
      if ((known.get(id)?.version ?? 0) < row.version) known.set(id, target)
    }
    return current
  }
}
