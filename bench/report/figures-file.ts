import { readFileSync } from 'node:fs'

/** One line of what `npm run bench -- --output FILE` writes. */
export interface FiguresLine {
  readonly scenario: string
  /** ISO 8601. */
  readonly at: string
  readonly machine: Readonly<Record<string, string | number>>
  readonly rows: readonly {
    readonly label: string
    readonly unit: string
    readonly median: number
    readonly min: number
    readonly max: number
    readonly against?: string
    readonly ratio?: { readonly median: number; readonly min: number; readonly max: number }
  }[]
  readonly settings: Readonly<Record<string, unknown>>
  readonly remarks: readonly string[]
}

/** The newest figures of every scenario in a file. */
export function readFigures(file: string | URL): Map<string, FiguresLine> {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return new Map(
    lines.map((text) => JSON.parse(text) as FiguresLine).map((line) => [line.scenario, line] as const),
  )
}
