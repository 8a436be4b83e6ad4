import { type Comparison } from '../comparison.ts'
import { bareLoopContender, type Contender, countingEndpoints } from '../lab/contender.ts'
import { measure, type Measured, type Trial } from '../lab/measurement.ts'
import { Figures } from '../report/figures.ts'
import { percentile, type Row } from '../report/result.ts'
import { atRate } from './latency.ts'
import type { Scenario } from './scenario.ts'
import { oneWebhookService, trialOf } from './throughput.ts'

const PATH = '/w/0'
const DATA_BYTES = 1_000

/** Another sender beside ours and the bare loop, in the same rounds. Its signatures are its own and not verified. */
export function comparisonWith(other: Comparison): Scenario {
  return {
    name: 'compare',
    question: `How does ${other.name} compare?`,
    isUsual: true,
    async run(lab) {
      const figures = new Figures()
      for (let round = 1; round <= lab.options.rounds; round += 1)
        for (const [contender, adapt] of contenders(other)) {
          lab.say(`compare, round ${round}: ${contender.label}`)
          const window = contender.label === other.name ? other.window : 1_000
          figures.add(contender.label, await measure(lab, contender, adapt(trialOf(lab, window))))
          figures.add(
            atRateOf(contender.label),
            await measure(lab, contender, adapt(atRate(lab, other.eventsPerSecond))),
          )
        }
      const labels = contenders(other).map(([{ label }]) => label)
      return {
        rows: labels.flatMap((label) => rowsOf(figures, label)),
        settings: { dataBytes: DATA_BYTES, other, ratePerSecond: other.eventsPerSecond },
        faults: figures.faults(),
        remarks: figures.remarks(),
      }
    },
  }
}

function atRateOf(label: string): string {
  return `${label}, at a fixed rate`
}

function contenders(other: Comparison): [Contender, (trial: Trial) => Trial][] {
  const theirs: Contender = {
    label: other.name,
    start: () =>
      Promise.resolve({
        urls: [other.publish.url],
        batchUrls: [],
        headers: other.publish.headers,
        databaseUrl: null,
        pids: () => ({}),
      }),
  }
  const { body, acceptedStatuses } = other.publish
  const adapt = (trial: Trial): Trial => ({
    ...trial,
    endpoints: countingEndpoints([other.receiver.path], null),
    shape: { kind: 'template', template: body, dataBytes: DATA_BYTES, acceptedStatuses },
  })
  const asItIs = (trial: Trial): Trial => trial
  return [
    [bareLoopContender({ paths: [PATH], isSending: true }), asItIs],
    [oneWebhookService('direct'), asItIs],
    [theirs, adapt],
  ]
}

function rowsOf(figures: Figures, label: string): Row[] {
  const against = label === 'bare loop' ? undefined : 'bare loop'
  const rate = ({ receivedPerSecond }: Measured): number => receivedPerSecond
  const latencyRow = (name: string, share: number): Row => ({
    ...figures.row(
      atRateOf(label),
      'ms',
      ({ latenciesMs }) => percentile(latenciesMs, share),
      against && atRateOf(against),
    ),
    label: `${label}: ${name}`,
  })
  return [figures.row(label, 'deliveries/s', rate, against), latencyRow('p50', 0.5), latencyRow('p99', 0.99)]
}
