import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Client } from '@temporalio/client'
import { TypedSearchAttributes } from '@temporalio/common'
import { msToTs } from '@temporalio/common/lib/time.js'

import { openClientLink, type TemporalTarget } from '../../src/temporal/connection.ts'
import { grpcCodeOf, withDeadline } from '../../src/temporal/deadline.ts'
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts'
import {
  eventTypeAttribute,
  stateAttribute,
  webhookIdAttribute,
  workspaceIdAttribute,
} from '../../workflows/contract.ts'

const READY_WAIT_MS = 90_000
const RETRY_MS = 200
const RETENTION_MS = 86_400_000
// A gRPC status code
const ALREADY_EXISTS = 6

/**
 * Makes namespace and search attributes on a server that has just been started, and waits until it starts workflows
 * with them: its services learn of either a moment after it was made. Throws when it has ended or takes too long.
 */
export async function prepareTemporal(target: TemporalTarget, exited: Promise<string>): Promise<void> {
  const link = openClientLink(target)
  const deadlineMs = performance.now() + READY_WAIT_MS
  let end: string | undefined
  void exited.then((reason) => {
    end = reason
  })
  const untilDone = async (step: (client: Client) => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        await step(link.client())
        return
      } catch (cause) {
        if (end !== undefined) throw new Error(`The Temporal server ended: ${end}`, { cause })
        if (performance.now() > deadlineMs)
          throw new Error(`The Temporal server was not ready after ${READY_WAIT_MS / 1_000} s`, { cause })
      }
      await sleep(RETRY_MS)
    }
  }
  try {
    await untilDone(createNamespace)
    await untilDone(createSearchAttributes)
    await untilDone(startWorkflow)
  } finally {
    await link.close()
  }
}

async function createNamespace({ workflowService, connection, options }: Client): Promise<void> {
  try {
    await withDeadline(connection, async () =>
      workflowService.registerNamespace({
        namespace: options.namespace,
        workflowExecutionRetentionPeriod: msToTs(RETENTION_MS),
      }),
    )
  } catch (error) {
    if (grpcCodeOf(error) !== ALREADY_EXISTS) throw error
  }
}

async function createSearchAttributes(client: Client): Promise<void> {
  const registration = await registerSearchAttributes(client)
  if (registration.kind === 'refused') throw new Error('The search attributes were refused')
}

/** With the attributes of a delivery; nobody serves its task queue, and it is ended at once. */
async function startWorkflow({ workflow, connection }: Client): Promise<void> {
  await withDeadline(connection, async () => {
    const handle = await workflow.start('ready', {
      taskQueue: 'bench-ready',
      workflowId: `ready-${randomUUID()}`,
      typedSearchAttributes: new TypedSearchAttributes(
        [workspaceIdAttribute, webhookIdAttribute, eventTypeAttribute, stateAttribute].map((key) => ({
          key,
          value: 'ready',
        })),
      ),
    })
    await handle.terminate()
  })
}
