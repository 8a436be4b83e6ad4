import type { EmptyWorkflowCalls, EmptyWorkflowOptions } from '../floors/empty-workflow-process.ts'
import { forkChild } from './child-process.ts'
import type { Lab } from './lab.ts'
import { openBenchTemporal } from './servers.ts'
import type { TemporalPlace } from './temporal-place.ts'

const PROCESS = new URL('../floors/empty-workflow-process.ts', import.meta.url)

/**
 * Workflows per second that do nothing, on a development server of their own. `isPrepared`: in the sandbox that the
 * product's workflows run in, else as the SDK makes it.
 */
export async function measureEmptyWorkflow(lab: Lab, inFlight: number, isPrepared: boolean): Promise<number> {
  await using resources = new AsyncDisposableStack()
  const temporal = await openBenchTemporal(await lab.openFolder('empty-workflow'))
  resources.defer(async () => temporal.stop())
  const target = { address: temporal.address, namespace: 'default', security: {} }
  // Awaited here: what it runs on ends with this function.
  return await measureThere(lab, resources, { ...target, inFlight, isPrepared })
}

/** The same at another place, as the SDK makes the sandbox. */
export async function measureEmptyWorkflowAt(
  lab: Lab,
  place: TemporalPlace,
  inFlight: number,
): Promise<number> {
  await using resources = new AsyncDisposableStack()
  const { target } = await place.open(lab, resources)
  return await measureThere(lab, resources, { ...target, inFlight, isPrepared: false })
}

async function measureThere(
  { options }: Lab,
  resources: AsyncDisposableStack,
  { inFlight, ...openOptions }: EmptyWorkflowOptions & { inFlight: number },
): Promise<number> {
  const child = forkChild<EmptyWorkflowCalls>(PROCESS)
  resources.defer(async () => child.stop())
  await child.calls.open(openOptions)
  const { seconds, warmUpSeconds } = options
  const perSecond = await child.calls.measure({ inFlight, seconds, warmUpSeconds })
  await child.calls.close()
  return perSecond
}
