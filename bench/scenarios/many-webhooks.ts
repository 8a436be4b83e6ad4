import { type RunningServiceContender, serviceContender } from '../lab/contender.ts'
import { measure, type Measured } from '../lab/measurement.ts'
import { onServer } from '../lab/servers.ts'
import { Figures } from '../report/figures.ts'
import type { Scenario } from './scenario.ts'
import { trialOf } from './throughput.ts'

const OTHERS = 10_000
const WINDOW = 1_000
const WEBHOOK = { '/w/0': { events: ['task.created'], concurrency: 64 } }

export const manyWebhooks: Scenario = {
  name: 'many-webhooks',
  question: `What do ${OTHERS} other webhooks of the same workspace cost?`,
  isUsual: false,
  async run(lab) {
    const alone = serviceContender('one webhook', {
      firstAttempt: 'direct',
      layout: { kind: 'one' },
      webhooks: WEBHOOK,
    })
    const among = serviceContender(`one among ${OTHERS}`, {
      firstAttempt: 'direct',
      layout: { kind: 'one' },
      webhooks: WEBHOOK,
      prepare: addOthers,
    })
    const figures = new Figures()
    for (let round = 1; round <= lab.options.rounds; round += 1)
      for (const contender of [alone, among]) {
        lab.say(`many-webhooks, round ${round}: ${contender.label}`)
        figures.add(contender.label, await measure(lab, contender, trialOf(lab, WINDOW)))
      }
    const rate = ({ receivedPerSecond }: Measured): number => receivedPerSecond
    return {
      rows: [
        figures.row(alone.label, 'deliveries/s', rate),
        figures.row(among.label, 'deliveries/s', rate, alone.label),
      ],
      settings: { otherWebhooks: OTHERS, cpuMicrosecondsPerDelivery: figures.cpu() },
      faults: figures.faults(),
      remarks: figures.remarks(),
    }
  },
}

/** They subscribe to something else, so their secrets are never needed and may be missing. */
async function addOthers({ databaseUrl }: RunningServiceContender): Promise<void> {
  await onServer(
    databaseUrl,
    `insert into webhook (id, workspace_id, url, events, schedule)
     select gen_random_uuid(), workspace_id, url || '/' || n, array['project.deleted', 'phase.*'], schedule
     from webhook, generate_series(1, ${OTHERS}) as n`,
  )
  await onServer(databaseUrl, 'vacuum analyze webhook, webhook_subscription')
}
