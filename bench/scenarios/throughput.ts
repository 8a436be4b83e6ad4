import {
  bareLoopContender,
  type Contender,
  countingEndpoints,
  receiverContender,
  SECRET,
  serviceContender,
  serviceContenderAt,
  type ServiceSetup,
} from '../lab/contender.ts'
import { measureEmptyWorkflow, measureEmptyWorkflowAt } from '../lab/empty-workflow-floor.ts'
import type { Lab } from '../lab/lab.ts'
import { measure, type Trial } from '../lab/measurement.ts'
import type { FirstAttempt } from '../lab/service.ts'
import { findTemporalPlace } from '../lab/temporal-choice.ts'
import { Figures } from '../report/figures.ts'
import type { Row, ScenarioResult } from '../report/result.ts'
import type { Scenario } from './scenario.ts'

const PATH = '/w/0'
const TYPE = 'task.created'
const DATA_BYTES = 1_000
/** As many as the bare loop has connections. */
const CONCURRENCY = 64
const CONNECTIONS = 64
/** So much may be under way that no side ever waits for the other, and no more. */
const DIRECT_WINDOW = 1_000
const WORKFLOW_WINDOW = 30
const EMPTY_IN_FLIGHT = 30
const DRAIN_MS = 60_000

const ON_POSTGRES = 'workflow, Temporal on PostgreSQL'
const EMPTY_ON_POSTGRES = 'empty workflow, Temporal on PostgreSQL'

/** In turn, one round after the other: `workflow` is measured against empty workflows, the rest against the bare loop. */
export const throughput: Scenario = {
  name: 'throughput',
  question: 'How many deliveries a second, from publishing to the receiver, to one webhook?',
  isUsual: true,
  async run(lab) {
    const figures = new Figures()
    const empty: EmptyWorkflows = { plain: [], prepared: [], onPostgres: [] }
    const { place, remark } = await findTemporalPlace(lab)
    for (let round = 1; round <= lab.options.rounds; round += 1) {
      for (const [contender, trial] of contenders(lab)) {
        lab.say(`throughput, round ${round}: ${contender.label}`)
        figures.add(contender.label, await measure(lab, contender, trial))
      }
      lab.say(`throughput, round ${round}: empty workflow`)
      empty.plain.push(await measureEmptyWorkflow(lab, EMPTY_IN_FLIGHT, false))
      empty.prepared.push(await measureEmptyWorkflow(lab, EMPTY_IN_FLIGHT, true))
      if (place === null) continue
      lab.say(`throughput, round ${round}: ${EMPTY_ON_POSTGRES}`)
      empty.onPostgres.push(await measureEmptyWorkflowAt(lab, place, EMPTY_IN_FLIGHT))
      lab.say(`throughput, round ${round}: ${ON_POSTGRES}`)
      const onPostgres = serviceContenderAt(ON_POSTGRES, place, oneWebhook('workflow'))
      figures.add(ON_POSTGRES, await measure(lab, onPostgres, trialOf(lab, WORKFLOW_WINDOW)))
    }
    return toResult(figures, empty, remark)
  },
}

export function oneWebhookService(firstAttempt: FirstAttempt): Contender {
  return serviceContender(firstAttempt, oneWebhook(firstAttempt))
}

function oneWebhook(firstAttempt: FirstAttempt): ServiceSetup {
  return {
    firstAttempt,
    layout: { kind: 'one' },
    webhooks: { [PATH]: { events: [TYPE], concurrency: CONCURRENCY } },
  }
}

function contenders(lab: Lab): [Contender, Trial][] {
  const trial = trialOf(lab, DIRECT_WINDOW)
  return [
    [bareLoopContender({ paths: [PATH], isSending: true }), trial],
    [oneWebhookService('direct'), trial],
    [oneWebhookService('auto'), trial],
    [oneWebhookService('workflow'), trialOf(lab, WORKFLOW_WINDOW)],
    [
      receiverContender(PATH),
      {
        ...trial,
        endpoints: countingEndpoints([PATH], null),
        shape: { kind: 'template', template: '{{data}}', dataBytes: DATA_BYTES, acceptedStatuses: [200] },
        plan: { ...trial.plan, window: null },
      },
    ],
  ]
}

/** A closed loop over one webhook. */
export function trialOf({ options }: Lab, window: number): Trial {
  return {
    endpoints: countingEndpoints([PATH], SECRET),
    shape: { kind: 'postrider', type: TYPE, dataBytes: DATA_BYTES, batch: 1 },
    plan: { inFlight: CONNECTIONS, window, fanOut: 1, eventsPerSecond: null, events: null },
    connections: CONNECTIONS,
    seconds: options.seconds,
    warmUpSeconds: options.warmUpSeconds,
    drainMs: DRAIN_MS,
  }
}

/**
 * Rates per second: as the SDK runs them, in the sandbox of the product's own workflows, and as the SDK runs them on
 * the other server; none where that is left out.
 */
interface EmptyWorkflows {
  readonly plain: number[]
  readonly prepared: number[]
  readonly onPostgres: number[]
}

function toResult(figures: Figures, empty: EmptyWorkflows, remark: string): ScenarioResult {
  const unit = 'deliveries/s'
  const rate = (label: string, against?: string): Row =>
    figures.row(label, unit, (m) => m.receivedPerSecond, against)
  const workflow = rate('workflow')
  return {
    rows: [
      rate('publisher → receiver alone'),
      rate('bare loop'),
      rate('direct', 'bare loop'),
      rate('auto', 'bare loop'),
      { label: 'empty workflow', unit: 'workflows/s', values: empty.plain },
      { label: 'empty workflow, our sandbox', unit: 'workflows/s', values: empty.prepared },
      { ...workflow, against: { label: 'empty workflow', values: empty.plain } },
      ...rowsOnPostgres(figures, empty.onPostgres),
    ],
    settings: {
      dataBytes: DATA_BYTES,
      concurrency: CONCURRENCY,
      underWay: { direct: DIRECT_WINDOW, workflow: WORKFLOW_WINDOW, emptyWorkflow: EMPTY_IN_FLIGHT },
      cpuMicrosecondsPerDelivery: figures.cpu(),
    },
    faults: figures.faults(),
    remarks: [...figures.remarks(), remark],
  }
}

function rowsOnPostgres(figures: Figures, empty: readonly number[]): Row[] {
  if (empty.length === 0) return []
  const against = { label: EMPTY_ON_POSTGRES, values: empty }
  return [
    { label: EMPTY_ON_POSTGRES, unit: 'workflows/s', values: empty },
    { ...figures.row(ON_POSTGRES, 'deliveries/s', (m) => m.receivedPerSecond), against },
  ]
}
