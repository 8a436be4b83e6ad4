/** What one folder may import from another: `value` anything, `type` only by `import type`. */
type Permission = 'value' | 'type'

interface Layer {
  /** How its files' paths from the project's root begin: a folder, or single files. */
  paths: readonly string[]
  /** What may be imported from which other layer; what is not named is forbidden. */
  imports: Partial<Record<string, Permission>> | 'everything'
  /** Which packages may be imported; types of the others too where `packageTypes` is set. */
  packages: RegExp
  /** Whether Node's own modules may be imported; yes where nothing is said. */
  nodeModules?: false
  packageTypes?: RegExp
  /** The law of this folder in one sentence, shown with every break of it. */
  lesson: string
}

const ANY_PACKAGE = /^/
const NO_PACKAGE = /^(?!)/
const SANDBOX_PACKAGES = /^@temporalio\/(workflow|common)$/
const NOT_FOR_DOMAIN_FRIENDS = /^(?!@temporalio\/|fastify$|@fastify\/)/

/**
 * The import law: one row per folder, the most specific path first. ARCHITECTURE.md explains it; this table is
 * what lint enforces.
 */
export const LAYERS: Record<string, Layer> = {
  domain: {
    paths: ['src/domain/'],
    imports: {},
    packages: NO_PACKAGE,
    nodeModules: false,
    lesson:
      'The domain imports nothing but itself, so that workflows can replay it: pass what it needs as an argument.',
  },
  sending: {
    paths: ['src/sending/'],
    imports: { domain: 'value', secrets: 'type', config: 'type' },
    packages: /^(?!@temporalio\/|@mikro-orm\/|fastify$|@fastify\/)/,
    lesson:
      'Sending makes one request and knows neither Temporal nor the database: let the caller load the delivery and record the outcome.',
  },
  secrets: {
    paths: ['src/secrets/'],
    imports: { domain: 'value', config: 'type' },
    packages: /^node:/,
    lesson:
      'Encrypting needs a key, a text and what the text belongs to, nothing else: keep storing and sending out of it.',
  },
  db: {
    paths: ['src/db/'],
    imports: { domain: 'value', migrations: 'value', secrets: 'type', config: 'type' },
    packages: NOT_FOR_DOMAIN_FRIENDS,
    lesson:
      'The database folder turns rows into domain values and back: a step that needs more is a use case.',
  },
  usecases: {
    paths: ['src/usecases/'],
    imports: { domain: 'value', db: 'value', secrets: 'value', sending: 'type', config: 'type' },
    packages: /^(?!@temporalio\/|fastify$|@fastify\/|undici$)/,
    lesson:
      'A use case meets the outside by a function-typed port (src/usecases/ports.ts): declare what it needs there and let src/composition pass it in.',
  },
  temporal: {
    paths: ['src/temporal/'],
    imports: {
      domain: 'value',
      contract: 'value',
      usecases: 'type',
      workflows: 'type',
      config: 'type',
    },
    packages: /^(?!@mikro-orm\/|fastify$|@fastify\/|undici$)/,
    lesson:
      'The Temporal client starts and signals workflows by their contract: implement a port of src/usecases/ports.ts, and leave rows to the caller.',
  },
  dispatch: {
    paths: ['src/dispatch/'],
    imports: {
      domain: 'value',
      sending: 'value',
      secrets: 'value',
      db: 'value',
      usecases: 'value',
      temporal: 'type',
      contract: 'type',
      config: 'type',
    },
    packages: NOT_FOR_DOMAIN_FRIENDS,
    lesson:
      'The dispatcher is given its way to Temporal and to alert channels as functions: take types from there and let src/composition pass the values.',
  },
  alerts: {
    paths: ['src/alerts/'],
    imports: {
      domain: 'value',
      sending: 'value',
      secrets: 'value',
      db: 'value',
      usecases: 'value',
      temporal: 'type',
      contract: 'type',
      config: 'type',
    },
    packages: NOT_FOR_DOMAIN_FRIENDS,
    lesson: 'An alert channel sends one notice and never waits for a workflow: the dispatcher calls it.',
  },
  api: {
    paths: ['src/api/'],
    imports: {
      domain: 'value',
      usecases: 'value',
      db: 'type',
      contract: 'value',
      config: 'type',
    },
    packages: /^(?!@temporalio\/|@mikro-orm\/|undici$)/,
    packageTypes: /^@mikro-orm\//,
    lesson:
      'A route parses, calls one use case and answers: reach rows, Temporal and other servers through src/usecases.',
  },
  contract: {
    paths: ['workflows/contract.ts'],
    imports: { domain: 'value' },
    packages: SANDBOX_PACKAGES,
    nodeModules: false,
    lesson:
      'The contract is read by clients and by workflows alike: it holds names and shapes and imports only the domain.',
  },
  workflows: {
    paths: ['workflows/'],
    imports: { domain: 'value', contract: 'value', activities: 'type' },
    packages: SANDBOX_PACKAGES,
    nodeModules: false,
    lesson:
      'A workflow runs in a sandbox and is replayed: it may use the domain, its contract and the types of activities; everything else belongs in an activity.',
  },
  activities: {
    paths: ['activities/'],
    imports: {
      domain: 'value',
      sending: 'value',
      secrets: 'value',
      db: 'value',
      usecases: 'value',
      contract: 'type',
      config: 'type',
    },
    packages: /^(?!@temporalio\/(?!activity$|common$)|fastify$|@fastify\/)/,
    lesson:
      'An activity is thin: it calls sending, the database or a use case, and knows of workflows only the types of their contract.',
  },
  migrations: {
    paths: ['migrations/'],
    imports: { domain: 'value' },
    packages: /^@mikro-orm\//,
    lesson: 'A migration is history: it must mean the same next year, so it imports nothing that may change.',
  },
  config: {
    paths: ['src/config.ts', 'src/settings.ts', 'src/setting-values.ts'],
    imports: { domain: 'value', sending: 'value' },
    packages: ANY_PACKAGE,
    lesson: 'The configuration only parses what it is given: it opens nothing and knows only the domain.',
  },
  local: {
    paths: ['src/local/'],
    imports: 'everything',
    packages: ANY_PACKAGE,
    lesson: 'src/local runs servers on the developer’s machine: production code has no use for it.',
  },
  composition: {
    paths: ['src/composition/'],
    imports: 'everything',
    packages: ANY_PACKAGE,
    lesson: 'src/composition puts the parts together: a part that needs another gets it as an argument.',
  },
  bin: {
    paths: ['src/bin/'],
    imports: 'everything',
    packages: ANY_PACKAGE,
    lesson:
      'src/bin holds the composition roots: nothing imports them, move what is shared into a folder of its own.',
  },
}

/** Where parts are put together: imported by each other (`bin` not even so) and by nothing else. */
export const ROOTS: ReadonlySet<string> = new Set(['bin', 'composition', 'local'])

/** The layer of a file given by its path from the project's root, with `/` between its parts. */
export function layerOf(path: string): string | undefined {
  return Object.keys(LAYERS).find((name) => LAYERS[name]?.paths.some((start) => path.startsWith(start)))
}
