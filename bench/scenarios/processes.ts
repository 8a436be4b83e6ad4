import { serviceContender } from '../lab/contender.ts'
import { measure, type Measured } from '../lab/measurement.ts'
import type { FirstAttempt } from '../lab/service.ts'
import { Figures } from '../report/figures.ts'
import type { Scenario } from './scenario.ts'
import { trialOf } from './throughput.ts'

const COUNTS = [1, 2, 4] as const
const WINDOWS = { direct: 1_000, workflow: 30 } as const
/** Caps count in each process. */
const CONCURRENCY = 64

export const processes: Scenario = {
  name: 'processes',
  question: 'What do 2 and 4 processes bring over one, against one PostgreSQL and one Temporal?',
  isUsual: false,
  async run(lab) {
    const figures = new Figures()
    for (let round = 1; round <= lab.options.rounds; round += 1)
      for (const firstAttempt of ['direct', 'workflow'] as const)
        for (const count of COUNTS) {
          lab.say(`processes, round ${round}: ${nameOf(firstAttempt, count)}`)
          figures.add(
            nameOf(firstAttempt, count),
            await measure(lab, contenderOf(firstAttempt, count), trialOf(lab, WINDOWS[firstAttempt])),
          )
        }
    const rate = ({ receivedPerSecond }: Measured): number => receivedPerSecond
    return {
      rows: (['direct', 'workflow'] as const).flatMap((lane) =>
        COUNTS.map((count) =>
          figures.row(nameOf(lane, count), 'deliveries/s', rate, count === 1 ? undefined : nameOf(lane, 1)),
        ),
      ),
      settings: { concurrency: CONCURRENCY, underWay: WINDOWS, cpuMicrosecondsPerDelivery: figures.cpu() },
      faults: figures.faults(),
      remarks: [
        `All processes share ${lab.machine.processors} processors with PostgreSQL, Temporal, receiver and load generator.`,
        ...figures.remarks(),
      ],
    }
  },
}

function nameOf(firstAttempt: FirstAttempt, count: number): string {
  return `${firstAttempt}, ${count} API${firstAttempt === 'direct' ? '' : ' and worker'} process${count === 1 ? '' : 'es'}`
}

function contenderOf(firstAttempt: FirstAttempt, count: number) {
  return serviceContender(nameOf(firstAttempt, count), {
    firstAttempt,
    // The direct lane needs workers only for what fails, and nothing fails here.
    layout: { kind: 'apart', apis: count, workers: firstAttempt === 'direct' ? 0 : count },
    webhooks: { '/w/0': { events: ['task.created'], concurrency: CONCURRENCY } },
  })
}
