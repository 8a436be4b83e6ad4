import type { Client, Connection } from '@temporalio/client'

import { SEARCH_ATTRIBUTE_NAMES } from '../../workflows/contract.ts'
import { grpcCodeOf, withDeadline } from './deadline.ts'

// temporal.api.enums.v1.IndexedValueType
const KEYWORD = 2

// gRPC status codes
const ALREADY_EXISTS = 6
const PERMISSION_DENIED = 7
const UNIMPLEMENTED = 12
const UNAUTHENTICATED = 16

export type Registration =
  /** All are there; `added` names those that were not before. */
  | { kind: 'registered'; added: string[] }
  /** The server does not let us: somebody who may has to run this. */
  | { kind: 'refused'; command: string }

/** Registers the search attributes that are missing. Throws when Temporal is away. */
export async function registerSearchAttributes(client: Client): Promise<Registration> {
  try {
    const missing = await missingSearchAttributes(client)
    if (missing.length > 0) await add(client, missing)
    return { kind: 'registered', added: missing }
  } catch (error) {
    if (isRefused(error)) return { kind: 'refused', command: registerCommand(client.options.namespace) }
    throw error
  }
}

/**
 * Names of ours that the namespace does not know; a start with one of them would be refused. Empty also where the
 * server does not let us look, as Temporal Cloud does not. Throws when Temporal is away.
 */
export async function checkSearchAttributes(client: Client): Promise<string[]> {
  try {
    return await missingSearchAttributes(client)
  } catch (error) {
    if (isRefused(error)) return []
    throw error
  }
}

/** What an operator with the right to do so runs instead. */
export function registerCommand(namespace: string): string {
  const attributes = SEARCH_ATTRIBUTE_NAMES.map((name) => `--name ${name} --type Keyword`).join(' ')
  return `temporal operator search-attribute create --namespace ${namespace} ${attributes}`
}

async function missingSearchAttributes({ connection, options }: Client): Promise<string[]> {
  const { operatorService } = connection as OperatorConnection
  const { customAttributes } = await withDeadline(connection, async () =>
    operatorService.listSearchAttributes({ namespace: options.namespace }),
  )
  return SEARCH_ATTRIBUTE_NAMES.filter((name) => !Object.hasOwn(customAttributes, name))
}

async function add({ connection, options }: Client, names: readonly string[]): Promise<void> {
  const { operatorService } = connection as OperatorConnection
  try {
    await withDeadline(
      connection,
      async () =>
        operatorService.addSearchAttributes({
          namespace: options.namespace,
          searchAttributes: Object.fromEntries(names.map((name) => [name, KEYWORD])),
        }),
      30_000,
    )
  } catch (error) {
    if (grpcCodeOf(error) !== ALREADY_EXISTS) throw error
  }
}

/** Both kinds of connection have it, though the client's type for them does not say so. */
type OperatorConnection = Pick<Connection, 'operatorService'>

function isRefused(error: unknown): boolean {
  const code = grpcCodeOf(error)
  return code === PERMISSION_DENIED || code === UNIMPLEMENTED || code === UNAUTHENTICATED
}
