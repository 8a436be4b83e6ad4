/** One figure of a scenario, measured once a round. */
export interface Row {
  readonly label: string
  readonly unit: string
  readonly values: readonly number[]
  /** The figures of the same rounds that these are compared with; a ratio below 1 is less than there. */
  readonly against?: { readonly label: string; readonly values: readonly number[] }
}

export interface ScenarioResult {
  readonly rows: readonly Row[]
  /** What was set for the run and matters for the figures. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Anything that makes the run worthless: something lost, a bad signature. */
  readonly faults: readonly string[]
  /** What a reader should know; what was left out. */
  readonly remarks: readonly string[]
}

/** Least, middle and greatest of some figures. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
  return { min: sorted[0] ?? Number.NaN, median, max: sorted.at(-1) ?? Number.NaN }
}

/** Round by round, since both of a round were measured one right after the other. */
export function ratiosOf({ values, against }: Row): number[] {
  if (against === undefined) return []
  return values.map((value, round) => value / (against.values[round] ?? Number.NaN))
}

/** By the nearest rank. */
export function percentile(samples: Float64Array, share: number): number {
  const sorted = samples.toSorted()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
