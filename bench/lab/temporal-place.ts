import type { TemporalTarget } from '../../src/temporal/connection.ts'
import type { Lab } from './lab.ts'

/** A Temporal server in which the bench is to measure, other than the development server. */
export interface TemporalPlace {
  /** Ready for the product's workflows; what was started for it is gone with the resources. */
  open: (lab: Lab, resources: AsyncDisposableStack) => Promise<OpenTemporal>
}

export interface OpenTemporal {
  readonly target: TemporalTarget
  /** What the service must be told besides the address, by the names of the environment. */
  readonly access: Readonly<Record<string, string>>
  /** Null for a server that somebody else runs, perhaps on another machine. */
  readonly pid: number | null
}
