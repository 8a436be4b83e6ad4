import type { AttemptFacts, AttemptResult } from '../src/domain/attempt-result.ts'
import { guarded, type LogFault } from './guarded.ts'

export interface RecordAttemptInput {
  deliveryId: string
  /** As the `unrecorded` result named it. */
  token: string
  attempt: AttemptFacts
}

export interface RecordDeps {
  /** Records an attempt whose POST was made already; recording it twice changes nothing. */
  recordAttempt: (input: RecordAttemptInput) => Promise<AttemptResult>
  logFault: LogFault
}

export function recordAttemptActivity({ recordAttempt, logFault }: RecordDeps) {
  return {
    async recordAttempt(input: RecordAttemptInput): Promise<AttemptResult> {
      return guarded({ activity: 'recordAttempt', deliveryId: input.deliveryId }, logFault, async () =>
        recordAttempt(input),
      )
    },
  }
}
