import { readFile } from 'node:fs/promises'

/**
 * Another sender, as `--compare` takes it from a JSON file. It must run already, and deliver what is published to
 * `http://127.0.0.1:<receiver.port><receiver.path>`.
 */
export interface Comparison {
  /** Name and version, for the table. */
  readonly name: string
  readonly publish: {
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    /** The body; `{{data}}` becomes a JSON object, `{{number}}` the number of the event. */
    readonly body: string
    /** Statuses that mean that the event is accepted. */
    readonly acceptedStatuses: readonly number[]
  }
  readonly receiver: { readonly port: number; readonly path: string }
  /** How many deliveries may be under way when throughput is measured. */
  readonly window: number
  /** The rate at which latency is measured. */
  readonly eventsPerSecond: number
}

const DEFAULTS = { acceptedStatuses: [200, 201, 202], headers: {}, window: 1_000, eventsPerSecond: 100 }

/** Throws an Error that says what is missing. */
export async function readComparison(file: string): Promise<Comparison> {
  const { name, publish, receiver, window, eventsPerSecond } = JSON.parse(
    await readFile(file, 'utf8'),
  ) as Partial<Comparison>
  if (name === undefined || publish?.url === undefined || receiver?.port === undefined)
    throw new Error(`${file} needs name, publish.url, publish.body, receiver.port and receiver.path.`)
  if (!publish.body.includes('{{data}}')) throw new Error(`publish.body in ${file} must hold {{data}}.`)
  return {
    name,
    publish: {
      ...publish,
      headers: { 'content-type': 'application/json', ...publish.headers },
      acceptedStatuses:
        (publish as Partial<Comparison['publish']>).acceptedStatuses ?? DEFAULTS.acceptedStatuses,
    },
    receiver,
    window: window ?? DEFAULTS.window,
    eventsPerSecond: eventsPerSecond ?? DEFAULTS.eventsPerSecond,
  }
}
