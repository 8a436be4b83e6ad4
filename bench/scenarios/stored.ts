import { type Contender, openDatabaseFor, serviceContender, startServiceFor } from '../lab/contender.ts'
import type { Lab } from '../lab/lab.ts'
import { measure, type Measured } from '../lab/measurement.ts'
import { onServer } from '../lab/servers.ts'
import { storeDeliveries } from '../lab/stored-deliveries.ts'
import { Figures } from '../report/figures.ts'
import type { Scenario } from './scenario.ts'
import { trialOf } from './throughput.ts'

const WINDOW = 1_000
const WEBHOOK = { '/w/0': { events: ['task.created'], concurrency: 64 } }
const OLD_WEBHOOKS = 20

export const stored: Scenario = {
  name: 'stored',
  question: 'How much slower are deliveries with millions of older ones in the database?',
  isUsual: false,
  async run(lab) {
    await using resources = new AsyncDisposableStack()
    const databaseUrl = await openDatabaseFor(lab, resources, false)
    await fill(lab, databaseUrl)
    const empty = serviceContender('empty database', {
      firstAttempt: 'direct',
      layout: { kind: 'one' },
      webhooks: WEBHOOK,
    })
    const full = fullContender(lab, databaseUrl)
    const figures = new Figures()
    for (let round = 1; round <= lab.options.rounds; round += 1)
      for (const contender of [empty, full]) {
        lab.say(`stored, round ${round}: ${contender.label}`)
        figures.add(contender.label, await measure(lab, contender, trialOf(lab, WINDOW)))
      }
    const rate = ({ receivedPerSecond }: Measured): number => receivedPerSecond
    return {
      rows: [
        figures.row(empty.label, 'deliveries/s', rate),
        figures.row(full.label, 'deliveries/s', rate, empty.label),
      ],
      settings: {
        stored: lab.options.stored,
        firstAttempt: 'direct',
        cpuMicrosecondsPerDelivery: figures.cpu(),
      },
      faults: figures.faults(),
      remarks: figures.remarks(),
    }
  },
}

/** The service runs once to make its workspace, which the deliveries belong to. */
async function fill(lab: Lab, databaseUrl: string): Promise<void> {
  await using resources = new AsyncDisposableStack()
  const paths = Array.from({ length: OLD_WEBHOOKS }, (_, index) => `/old/${index}`)
  const { webhookIds } = await startServiceFor(lab, resources, {
    firstAttempt: 'direct',
    layout: { kind: 'one' },
    webhooks: Object.fromEntries(paths.map((path) => [path, { events: ['project.deleted'] }])),
    databaseUrl,
  })
  const [workspace] = await onServer(databaseUrl, 'select id from workspace limit 1')
  await storeDeliveries({
    databaseUrl,
    count: lab.options.stored,
    workspaceId: String(workspace?.['id']),
    webhookIds: Object.values(webhookIds),
    say: lab.say,
  })
}

function fullContender(lab: Lab, databaseUrl: string): Contender {
  return {
    label: `${lab.options.stored.toLocaleString('en')} deliveries stored`,
    async start(_, resources) {
      // Those of the round before: their secrets are encrypted with a key that is gone.
      await onServer(databaseUrl, 'delete from webhook')
      await onServer(databaseUrl, 'checkpoint')
      const setup = {
        firstAttempt: 'direct',
        layout: { kind: 'one' },
        webhooks: WEBHOOK,
        databaseUrl,
      } as const
      return startServiceFor(lab, resources, setup)
    },
  }
}
