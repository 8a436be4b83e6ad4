import { parseArgs } from 'node:util'

import { type Comparison, readComparison } from './comparison.ts'

export interface BenchOptions {
  /** Names of scenarios; empty runs those that are quick enough to be run together. */
  readonly scenarios: readonly string[]
  readonly rounds: number
  /** How long one measurement lasts. */
  readonly seconds: number
  /** How long the load runs before it is measured. */
  readonly warmUpSeconds: number
  readonly isQuick: boolean
  /** Deliveries that sleep in the scenario `sleeping`. */
  readonly waiting: number
  /** Deliveries that are stored before the scenarios `stored` and `bench:lists` measure. */
  readonly stored: number
  /** Where processor profiles of the service's processes go; null makes none. */
  readonly profileDirectory: string | null
  /** Another sender, to be driven beside ours; null runs the scenarios. */
  readonly comparison: Comparison | null
  /** Where the JSON lines go too; null prints them only. */
  readonly outputFile: string | null
}

/** `--quick` is for trying the bench itself: its figures are too short to be quoted. */
export async function readOptions(argv: readonly string[]): Promise<BenchOptions> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      scenario: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      quick: { type: 'boolean', default: false },
      waiting: { type: 'string' },
      stored: { type: 'string' },
      profile: { type: 'string' },
      compare: { type: 'string' },
      output: { type: 'string' },
    },
  })
  const isQuick = values.quick
  const seconds = readCount('seconds', values.seconds, isQuick ? 3 : 10)
  return {
    scenarios: values.scenario.flatMap((names) => names.split(',')),
    rounds: readCount('rounds', values.rounds, isQuick ? 1 : 5),
    seconds,
    warmUpSeconds: readCount('warm-up', values['warm-up'], isQuick ? 1 : Math.ceil(seconds / 2)),
    isQuick,
    waiting: readCount('waiting', values.waiting, isQuick ? 300 : 5_000),
    stored: readCount('stored', values.stored, isQuick ? 20_000 : 5_000_000),
    profileDirectory: values.profile ?? null,
    comparison: values.compare === undefined ? null : await readComparison(values.compare),
    outputFile: values.output ?? null,
  }
}

function readCount(name: string, text: string | undefined, otherwise: number): number {
  const count = text === undefined ? otherwise : Number(text.replaceAll(/[_,]/g, ''))
  if (!Number.isInteger(count) || count < 1) throw new Error(`--${name} must be a whole number above 0.`)
  return count
}
