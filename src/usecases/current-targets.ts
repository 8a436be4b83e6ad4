import type { Sql } from '../db/database.ts'
import { loadTargetVersions } from '../db/target-versions.ts'
import { loadTargets } from '../db/webhook-targets.ts'
import { createGroupCommit } from './group-commit.ts'
import type { Target, TargetCache } from './target-cache.ts'

const TARGETS_MAX = 20_000
const BATCH_MAX = 2_000

/**
 * The webhooks as they stand now, for many attempts at once: asks for their versions and reads only those that have
 * changed since. Callers who ask while a statement is under way share the next one.
 */
export function createCurrentTargets(
  sql: Sql,
  cache: TargetCache,
): (webhookIds: readonly string[]) => Promise<ReadonlyMap<string, Target>> {
  const known = new Map<string, Target>()

  async function read(webhookIds: readonly string[]): Promise<Map<string, Target>> {
    const versions = await loadTargetVersions(sql, webhookIds)
    const stale = webhookIds.filter((id) => versions.has(id) && known.get(id)?.version !== versions.get(id))
    const rows = await loadTargets(sql, stale)
    if (known.size + rows.size > TARGETS_MAX) known.clear()
    for (const [id, row] of rows) known.set(id, cache.targetOf(row))
    return new Map(
      webhookIds.flatMap((id): [string, Target][] => {
        const target = versions.has(id) ? known.get(id) : undefined
        return target === undefined ? [] : [[id, target]]
      }),
    )
  }

  return createGroupCommit<readonly string[], ReadonlyMap<string, Target>>(
    async (groups) => {
      const targets = await read([...new Set(groups.flat())])
      return groups.map(() => targets)
    },
    () => false,
    { sizeOf: (ids) => ids.length, sizeMax: BATCH_MAX, holdMs: 0 },
  )
}
