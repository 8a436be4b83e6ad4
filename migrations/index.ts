import { InitialSchema } from './0001-initial-schema.ts'
import { RarePatterns } from './0002-rare-patterns.ts'

/** Every migration in the order in which it runs; a new one is appended, an old one never changed. */
export const migrations = [
  { name: '0001-initial-schema', class: InitialSchema },
  { name: '0002-rare-patterns', class: RarePatterns },
]
