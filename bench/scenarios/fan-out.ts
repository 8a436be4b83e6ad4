import { bareLoopContender, countingEndpoints, SECRET, serviceContender } from '../lab/contender.ts'
import type { Lab } from '../lab/lab.ts'
import { measure, type Measured, type Trial } from '../lab/measurement.ts'
import { Figures } from '../report/figures.ts'
import type { Scenario } from './scenario.ts'

const TYPE = 'task.created'
const DATA_BYTES = 1_000
const WEBHOOKS = 500
/** Events under way: two thousand deliveries. */
const WINDOW = 4
const DRAIN_MS = 60_000

export const fanOut: Scenario = {
  name: 'fan-out',
  question: `How many deliveries a second when every event goes to ${WEBHOOKS} webhooks?`,
  isUsual: true,
  async run(lab) {
    const paths = Array.from({ length: WEBHOOKS }, (_, index) => `/w/${index}`)
    const contenders = [
      bareLoopContender({ paths, isSending: true }),
      serviceContender('direct', {
        firstAttempt: 'direct',
        layout: { kind: 'one' },
        webhooks: Object.fromEntries(paths.map((path) => [path, { events: [TYPE] }])),
      }),
    ]
    const figures = new Figures()
    for (let round = 1; round <= lab.options.rounds; round += 1)
      for (const contender of contenders) {
        lab.say(`fan-out, round ${round}: ${contender.label}`)
        figures.add(contender.label, await measure(lab, contender, trialOf(lab, paths)))
      }
    const rate = ({ receivedPerSecond }: Measured): number => receivedPerSecond
    return {
      rows: [
        figures.row('bare loop', 'deliveries/s', rate),
        figures.row('direct', 'deliveries/s', rate, 'bare loop'),
      ],
      settings: {
        webhooks: WEBHOOKS,
        eventsUnderWay: WINDOW,
        dataBytes: DATA_BYTES,
        cpuMicrosecondsPerDelivery: figures.cpu(),
      },
      faults: figures.faults(),
      remarks: figures.remarks(),
    }
  },
}

function trialOf({ options }: Lab, paths: readonly string[]): Trial {
  return {
    endpoints: countingEndpoints(paths, SECRET),
    shape: { kind: 'postrider', type: TYPE, dataBytes: DATA_BYTES, batch: 1 },
    plan: { inFlight: WINDOW, window: WINDOW, fanOut: WEBHOOKS, eventsPerSecond: null, events: null },
    connections: WINDOW,
    seconds: options.seconds,
    warmUpSeconds: options.warmUpSeconds,
    drainMs: DRAIN_MS,
  }
}
