import type { Measured } from '../lab/measurement.ts'
import type { Row } from './result.ts'

/** Collects the rounds of several contenders. */
export class Figures {
  readonly #measured = new Map<string, Measured[]>()

  add(label: string, measured: Measured): void {
    const rounds = this.#measured.get(label)
    if (rounds === undefined) this.#measured.set(label, [measured])
    else rounds.push(measured)
  }

  /** One figure of all rounds of a contender. */
  values(label: string, figure: (measured: Measured) => number): number[] {
    return (this.#measured.get(label) ?? []).map(figure)
  }

  row(label: string, unit: string, figure: (measured: Measured) => number, against?: string): Row {
    const values = this.values(label, figure)
    const others = against === undefined ? [] : this.values(against, figure)
    return {
      label,
      unit,
      values,
      ...(against !== undefined && { against: { label: against, values: others } }),
    }
  }

  /** Median processor time per delivery of each process, by contender. */
  cpu(): Record<string, Record<string, number>> {
    return Object.fromEntries(
      [...this.#measured].map(([label, rounds]) => [label, rounds.at(-1)?.cpuMicrosecondsPerDelivery ?? {}]),
    )
  }

  faults(): string[] {
    return [...this.#measured].flatMap(([label, rounds]) =>
      rounds.flatMap((round) => [...faultsOf(label, round), ...round.faults]),
    )
  }

  remarks(): string[] {
    return [...this.#measured].flatMap(([label, rounds]) =>
      rounds.flatMap(({ others }) =>
        Object.keys(others).length === 0
          ? []
          : [`${label}: requests that were not accepted: ${JSON.stringify(others)}`],
      ),
    )
  }
}

/** What makes a measurement worthless. */
export function faultsOf(
  label: string,
  { accepted, balance, signatures }: Pick<Measured, 'accepted' | 'balance' | 'signatures'>,
): string[] {
  const { lost, expected, doubled, lostNumbers } = balance
  return [
    ...(accepted === 0 ? [`${label}: nothing was accepted`] : []),
    ...(lost > 0 ? [`${label}: ${lost} of ${expected} lost, among them ${lostNumbers.join(', ')}`] : []),
    ...(doubled > 0 ? [`${label}: ${doubled} of ${expected} came more than once`] : []),
    ...(signatures.bad > 0 ? [`${label}: ${signatures.bad} signatures did not verify`] : []),
  ]
}
