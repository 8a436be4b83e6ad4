import type { Sql } from '../db/database.ts'
import { findUnknownKeyIds } from '../db/secret-keys.ts'
import type { Cipher } from '../secrets/cipher.ts'

/**
 * Why a process must not start with these master keys, in one sentence; null when it may. Without the check a missing
 * key would show only when the first delivery of some webhook cannot be signed.
 */
export async function describeMissingMasterKeys(
  sql: Sql,
  cipher: Pick<Cipher, 'keyIds'>,
): Promise<string | null> {
  const missing = await findUnknownKeyIds(sql, cipher.keyIds)
  if (missing.length === 0) return null
  return `POSTRIDER_MASTER_KEYS lacks ${missing.join(', ')}, under which stored secrets are encrypted: list it after the current key, and drop it only when npm run reencrypt has finished.`
}
