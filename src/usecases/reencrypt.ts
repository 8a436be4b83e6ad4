import type { Sql } from '../db/database.ts'
import {
  findSealedRows,
  replaceSealedText,
  SEALED_TABLES,
  type SealedRow,
  type SealedTable,
} from '../db/secret-keys.ts'
import { type Cipher, SecretError } from '../secrets/cipher.ts'
import { answerContext, headersContext, type SecretContext } from '../secrets/secret-context.ts'

export interface Reencrypted {
  table: SealedTable
  /** Now under the current key. */
  done: number
  /** Changed or gone by somebody else's hand meanwhile. */
  skipped: number
  /** Could not be decrypted, and were left as they are. */
  unreadable: number
}

const BATCH_ROWS = 200

/**
 * Encrypts anew, under the first master key, everything that another one has encrypted. Row by row and only where the
 * row is as it was read, so that API and workers may run; they need both keys until this is done.
 */
export async function reencrypt(
  sql: Sql,
  cipher: Cipher,
  batchRows: number = BATCH_ROWS,
): Promise<Reencrypted[]> {
  const results: Reencrypted[] = []
  for (const table of SEALED_TABLES) results.push(await reencryptTable(sql, cipher, table, batchRows))
  return results
}

async function reencryptTable(
  sql: Sql,
  cipher: Cipher,
  table: SealedTable,
  batchRows: number,
): Promise<Reencrypted> {
  const result = { table, done: 0, skipped: 0, unreadable: 0 }
  for (let afterKey: string | null = null; ;) {
    const rows: SealedRow[] = await findSealedRows(sql, table, cipher.keyId, afterKey, batchRows)
    for (const row of rows) result[await reencryptRow(sql, cipher, table, row)] += 1
    const last = rows.at(-1)
    if (last === undefined || rows.length < batchRows) return result
    afterKey = last.key
  }
}

async function reencryptRow(
  sql: Sql,
  cipher: Cipher,
  table: SealedTable,
  row: SealedRow,
): Promise<'done' | 'skipped' | 'unreadable'> {
  const context = contextOf(table, row)
  try {
    const sealed = cipher.encrypt(cipher.decrypt(row.text, context), context)
    return (await replaceSealedText(sql, table, row, sealed)) ? 'done' : 'skipped'
  } catch (error) {
    if (error instanceof SecretError) return 'unreadable'
    throw error
  }
}

function contextOf(table: SealedTable, row: SealedRow): SecretContext {
  const { workspaceId, webhookId, secretId } = row
  switch (table) {
    case 'webhook_secret':
      return { workspaceId, webhookId, secretId }
    case 'webhook':
      return headersContext(workspaceId, webhookId)
    case 'idempotency_key':
      return answerContext(workspaceId, row.route, row.idempotencyKey)
  }
}
