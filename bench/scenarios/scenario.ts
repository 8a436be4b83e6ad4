import type { Lab } from '../lab/lab.ts'
import type { ScenarioResult } from '../report/result.ts'

export interface Scenario {
  readonly name: string
  /** One line of what it shows. */
  readonly question: string
  /** Whether it runs when none is named; the others take too long for that. */
  readonly isUsual: boolean
  run: (lab: Lab) => Promise<ScenarioResult>
}
