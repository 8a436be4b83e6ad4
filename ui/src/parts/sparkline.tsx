import type { Webhook } from '../api/types.ts'

const WIDTH = 72
const HEIGHT = 20

/** The last day, an hour a bar, failures on top. The numbers beside it say the same, so it has no name. */
export function Sparkline({ series }: { series: Webhook['stats24h']['series'] }) {
  const highest = Math.max(1, ...series.map(({ succeeded, failed }) => succeeded + failed))
  const step = WIDTH / Math.max(1, series.length)
  return (
    <svg className="pr-sparkline" width={WIDTH} height={HEIGHT} aria-hidden="true" focusable="false">
      <line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="pr-sparkline-base" />
      {series.map(({ at, succeeded, failed }, index) => {
        const good = barHeight(succeeded, highest)
        const bad = barHeight(failed, highest)
        const x = index * step
        return (
          <g key={at}>
            <rect x={x} width={step - 0.8} y={HEIGHT - good} height={good} className="pr-bar-succeeded" />
            <rect x={x} width={step - 0.8} y={HEIGHT - good - bad} height={bad} className="pr-bar-failed" />
          </g>
        )
      })}
    </svg>
  )
}

/** Something is always visible where something happened. */
function barHeight(amount: number, highest: number): number {
  return amount === 0 ? 0 : Math.max(1.5, (amount / highest) * (HEIGHT - 2))
}
