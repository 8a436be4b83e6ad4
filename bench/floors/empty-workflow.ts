import { proxySinks, type Sinks } from '@temporalio/workflow'

export interface DoneSinks extends Sinks {
  done: { count: () => void }
}

/** Does nothing: what Temporal costs by itself. */
export function empty(): Promise<void> {
  proxySinks<DoneSinks>().done.count()
  return Promise.resolve()
}
