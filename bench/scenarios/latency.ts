import { bareLoopContender, type Contender } from '../lab/contender.ts'
import type { Lab } from '../lab/lab.ts'
import { measure, type Measured, type Trial } from '../lab/measurement.ts'
import { Figures } from '../report/figures.ts'
import { percentile, type Row } from '../report/result.ts'
import type { Scenario } from './scenario.ts'
import { oneWebhookService, trialOf } from './throughput.ts'

const PATH = '/w/0'
/** Far below what either lane can do, so that nothing queues. */
const DIRECT_PER_SECOND = 100
const WORKFLOW_PER_SECOND = 15
const IN_FLIGHT_MAX = 500
/** Percentiles want more samples than averages. */
const SECONDS_FACTOR = 3

export const latency: Scenario = {
  name: 'latency',
  question: 'How long from publishing to the receiver, at a fixed rate?',
  isUsual: true,
  async run(lab) {
    const figures = new Figures()
    for (let round = 1; round <= lab.options.rounds; round += 1)
      for (const [label, contender, rate] of contenders()) {
        lab.say(`latency, round ${round}: ${label}`)
        figures.add(label, await measure(lab, contender, atRate(lab, rate)))
      }
    const rows = contenders().flatMap(([label, , rate]) => rowsOf(figures, label, floorOf(label, rate)))
    return {
      rows,
      settings: { directPerSecond: DIRECT_PER_SECOND, workflowPerSecond: WORKFLOW_PER_SECOND },
      faults: figures.faults(),
      remarks: figures.remarks(),
    }
  },
}

function contenders(): [string, Contender, number][] {
  const bareLoop = bareLoopContender({ paths: [PATH], isSending: true })
  return [
    [`bare loop at ${DIRECT_PER_SECOND}/s`, bareLoop, DIRECT_PER_SECOND],
    [`direct at ${DIRECT_PER_SECOND}/s`, oneWebhookService('direct'), DIRECT_PER_SECOND],
    [`bare loop at ${WORKFLOW_PER_SECOND}/s`, bareLoop, WORKFLOW_PER_SECOND],
    [`workflow at ${WORKFLOW_PER_SECOND}/s`, oneWebhookService('workflow'), WORKFLOW_PER_SECOND],
    [`auto at ${WORKFLOW_PER_SECOND}/s`, oneWebhookService('auto'), WORKFLOW_PER_SECOND],
  ]
}

function floorOf(label: string, rate: number): string | undefined {
  return label.startsWith('bare') ? undefined : `bare loop at ${rate}/s`
}

/** At the pace of a clock, whatever the answers take. */
export function atRate(lab: Lab, eventsPerSecond: number): Trial {
  const trial = trialOf(lab, 0)
  return {
    ...trial,
    plan: { inFlight: IN_FLIGHT_MAX, window: null, fanOut: 1, eventsPerSecond, events: null },
    seconds: SECONDS_FACTOR * trial.seconds,
  }
}

function rowsOf(figures: Figures, label: string, floor: string | undefined): Row[] {
  const row = (name: string, figure: (measured: Measured) => number): Row => ({
    ...figures.row(label, 'ms', figure, floor),
    label: `${label}: ${name}`,
  })
  return [
    row('p50', ({ latenciesMs }) => percentile(latenciesMs, 0.5)),
    row('p99', ({ latenciesMs }) => percentile(latenciesMs, 0.99)),
  ]
}
