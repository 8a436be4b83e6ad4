import type { EmptyWorkflowCalls } from '../floors/empty-workflow-process.ts'
import { forkChild } from './child-process.ts'
import type { Lab } from './lab.ts'
import { startBenchTemporal } from './servers.ts'

const PROCESS = new URL('../floors/empty-workflow-process.ts', import.meta.url)

/** Workflows per second that do nothing, on a Temporal server of their own. */
export async function measureEmptyWorkflow(lab: Lab, inFlight: number): Promise<number> {
  await using resources = new AsyncDisposableStack()
  const temporal = await startBenchTemporal(await lab.openFolder('empty-workflow'), 'temporal')
  resources.defer(async () => temporal.stop())
  const child = forkChild<EmptyWorkflowCalls>(PROCESS)
  resources.defer(async () => child.stop())
  await child.calls.open({ address: temporal.address, namespace: 'default' })
  const { seconds, warmUpSeconds } = lab.options
  return child.calls.measure({ inFlight, seconds, warmUpSeconds })
}
