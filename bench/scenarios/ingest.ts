import {
  bareLoopContender,
  type Contender,
  type RunningContender,
  serviceContender,
} from '../lab/contender.ts'
import type { Lab } from '../lab/lab.ts'
import { measure, type Measured, type Trial } from '../lab/measurement.ts'
import { onServer } from '../lab/servers.ts'
import { Figures } from '../report/figures.ts'
import { percentile } from '../report/result.ts'
import type { Scenario } from './scenario.ts'

const PATH = '/w/0'
const TYPE = 'task.created'
const DATA_BYTES = 1_000
const BATCH = 1_000
const SINGLE_IN_FLIGHT = 64
const BATCH_IN_FLIGHT = 4

/** Accepting alone: the product's webhook is off, so that deliveries are stored and not sent; the bare loop does not send. */
export const ingest: Scenario = {
  name: 'ingest',
  question: 'How many events a second are accepted, one by one and in batches?',
  isUsual: true,
  async run(lab) {
    const figures = new Figures()
    for (let round = 1; round <= lab.options.rounds; round += 1)
      for (const [label, contender] of contenders())
        for (const batch of [1, BATCH]) {
          lab.say(`ingest, round ${round}: ${label}, ${batch} at a time`)
          figures.add(nameOf(label, batch), await measure(lab, contender, trialOf(lab, batch)))
        }
    const rate = ({ acceptedPerSecond }: Measured): number => acceptedPerSecond
    const answer99 = ({ answerTimesMs }: Measured): number => percentile(answerTimesMs, 0.99)
    return {
      rows: [1, BATCH].flatMap((batch) => [
        figures.row(nameOf('bare loop', batch), 'events/s', rate),
        figures.row(nameOf('product', batch), 'events/s', rate, nameOf('bare loop', batch)),
        {
          ...figures.row(nameOf('product', batch), 'ms', answer99),
          label: `${nameOf('product', batch)}: answer p99`,
        },
      ]),
      settings: {
        dataBytes: DATA_BYTES,
        inFlight: { single: SINGLE_IN_FLIGHT, batch: BATCH_IN_FLIGHT },
        cpu: figures.cpu(),
      },
      faults: figures.faults(),
      remarks: figures.remarks(),
    }
  },
}

function nameOf(label: string, batch: number): string {
  return `${label}, ${batch === 1 ? 'single' : `batches of ${batch}`}`
}

function contenders(): [string, Contender][] {
  const product = serviceContender('product', {
    firstAttempt: 'direct',
    layout: { kind: 'one' },
    webhooks: { [PATH]: { events: [TYPE], enabled: false } },
  })
  return [
    ['bare loop', bareLoopContender({ paths: [PATH], isSending: false })],
    ['product', product],
  ]
}

function trialOf({ options }: Lab, batch: number): Trial {
  const inFlight = batch === 1 ? SINGLE_IN_FLIGHT : BATCH_IN_FLIGHT
  return {
    endpoints: {},
    shape: { kind: 'postrider', type: TYPE, dataBytes: DATA_BYTES, batch },
    plan: { inFlight, window: null, fanOut: 1, eventsPerSecond: null, events: null },
    connections: inFlight,
    seconds: options.seconds,
    warmUpSeconds: options.warmUpSeconds,
    drainMs: 0,
    inspect: countStored,
  }
}

/** Nothing is delivered here, so what was accepted must lie in the database. */
async function countStored(
  { databaseUrl, batchUrls }: RunningContender,
  accepted: number,
): Promise<string[]> {
  const isProduct = batchUrls.some((url) => url.includes('/api/v1/'))
  const table = isProduct ? 'webhook_delivery' : 'bare_delivery'
  const [row] = await onServer(databaseUrl ?? '', `select count(*)::integer as stored from ${table}`)
  const stored = Number(row?.['stored'])
  return stored < accepted ? [`${accepted} events were accepted, but ${stored} deliveries stored`] : []
}
