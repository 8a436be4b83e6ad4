import type { Client } from '@temporalio/client'

import { DELIVER } from '../../workflows/contract.ts'
import { withDeadline } from './deadline.ts'

/** A page of this size is one answer of the visibility store. */
const PAGE_SIZE = 1_000
const ID_PREFIX = 'delivery-'

/**
 * Delivery ids whose run ended since then other than by itself (terminated, timed out, failed): the sweep starts a new
 * run for those whose row still has something to do. Visibility lags by a second or so: ask with an overlap.
 */
export async function findClosedAbnormally(client: Client, since: Date): Promise<string[]> {
  const query = [
    `WorkflowType = '${DELIVER}'`,
    `ExecutionStatus IN ('Terminated', 'TimedOut', 'Failed', 'Canceled')`,
    `CloseTime >= '${since.toISOString()}'`,
  ].join(' AND ')
  const ids = new Set<string>()
  let nextPageToken: Uint8Array = new Uint8Array()
  do {
    const pageToken = nextPageToken
    const page = await withDeadline(client.connection, async () =>
      client.workflowService.listWorkflowExecutions({
        namespace: client.options.namespace,
        query,
        pageSize: PAGE_SIZE,
        nextPageToken: pageToken,
      }),
    )
    for (const { execution } of page.executions)
      if (execution?.workflowId?.startsWith(ID_PREFIX) === true)
        ids.add(execution.workflowId.slice(ID_PREFIX.length))
    nextPageToken = page.nextPageToken
  } while (nextPageToken.length > 0)
  return [...ids]
}
