import { randomUUID } from 'node:crypto'

import { Client, Connection } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import { inject } from 'vitest'

export interface TestTemporal extends AsyncDisposable {
  readonly address: string
  readonly client: Client
  /** For workers; a client made on it can start workflows eagerly. */
  readonly nativeConnection: NativeConnection
  /** Of one's own, so that test files do not take each other's tasks. */
  readonly taskQueue: string
  close: () => Promise<void>
}

/** Connects to the run's Temporal server. */
export async function connectTestTemporal(
  address: string = inject('temporalAddress'),
): Promise<TestTemporal> {
  const connection = await Connection.connect({ address })
  const nativeConnection = await NativeConnection.connect({ address })
  const close = async (): Promise<void> => {
    await nativeConnection.close()
    await connection.close()
  }
  return {
    address,
    client: new Client({ connection }),
    nativeConnection,
    taskQueue: `test-${randomUUID()}`,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/**
 * Lets a workflow's timers fire at once until `timersMax` of them have been skipped. The clock of the machine stays;
 * only this workflow's time moves.
 */
export async function skipTime(client: Client, workflowId: string, timersMax: number): Promise<void> {
  await client.workflowService.updateWorkflowExecutionOptions({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    workflowExecutionOptions: { timeSkippingConfig: { enabled: true, maxSessionSkipCount: timersMax } },
    updateMask: { paths: ['time_skipping_config'] },
  })
}
