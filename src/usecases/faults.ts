import { databaseAway, isDatabaseAway } from '../db/database.ts'
import type { DomainError } from '../domain/errors.ts'

/** What a caller is told about an error that is no refusal; undefined when it is a fault that nobody foresaw. */
export function explainFault(error: unknown): DomainError | undefined {
  return isDatabaseAway(error) ? databaseAway(error) : undefined
}
