import type { EmptyWorkflowCalls } from '../floors/empty-workflow-process.ts'
import { forkChild } from './child-process.ts'
import type { Lab } from './lab.ts'
import { openBenchTemporal } from './servers.ts'

const PROCESS = new URL('../floors/empty-workflow-process.ts', import.meta.url)

/**
 * Workflows per second that do nothing, on a Temporal server of their own. `isPrepared`: in the sandbox that the
 * product's workflows run in, else as the SDK makes it.
 */
export async function measureEmptyWorkflow(lab: Lab, inFlight: number, isPrepared: boolean): Promise<number> {
  await using resources = new AsyncDisposableStack()
  const temporal = await openBenchTemporal(await lab.openFolder('empty-workflow'))
  resources.defer(async () => temporal.stop())
  const child = forkChild<EmptyWorkflowCalls>(PROCESS)
  resources.defer(async () => child.stop())
  await child.calls.open({ address: temporal.address, namespace: 'default', isPrepared })
  const { seconds, warmUpSeconds } = lab.options
  // Awaited here: what it runs on ends with this function.
  return await child.calls.measure({ inFlight, seconds, warmUpSeconds })
}
