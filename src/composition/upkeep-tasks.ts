import { foldAdditions } from '../db/statistics.ts'
import { KEY_UPKEEP, PARTITION_UPKEEP, type UpkeepTask } from '../dispatch/upkeep.ts'

/** What any one of the running processes does now and then. */
export const UPKEEP_TASKS: readonly UpkeepTask[] = [
  PARTITION_UPKEEP,
  KEY_UPKEEP,
  { name: 'statistics', everyMs: 5_000, run: foldAdditions },
]
