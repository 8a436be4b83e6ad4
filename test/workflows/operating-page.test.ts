import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { registerCommand } from '../../src/temporal/search-attributes.ts'
import {
  type DeliverHandle,
  type DeliveryLab,
  historyOf,
  openLab,
  timersIn,
  until,
} from './support/delivery-lab.ts'
import { runCommandLine } from './support/operator-cli.ts'
import type { StandInRow } from './support/stand-in-rows.ts'

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operating-with-temporal.md'), 'utf8')

const COMMANDS = [...PAGE.matchAll(/^```sh\n(.*?)^```$/gms)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line.startsWith('temporal '))

const LINKED_QUERIES = [...PAGE.matchAll(/workflows\?query=([^)]+)\)/g)].map(([, query = '']) =>
  decodeURIComponent(query),
)

interface Subject {
  row: StandInRow
  handle: DeliverHandle
  deliveryId: string
  webhookId: string
}

/** What each command is tried on, and what must be seen after it. */
const EXPECTATIONS: { command: RegExp; on: (lab: DeliveryLab) => Promise<Subject>; then: Expectation }[] = [
  {
    command: /^temporal operator search-attribute list/,
    on: sleeping,
    then: prints(/PostriderState +Keyword/),
  },
  { command: /^temporal workflow list /, on: exhausted, then: prints(/deliver/) },
  { command: /^temporal workflow count /, on: sleeping, then: prints(/Total: [1-9]/) },
  { command: /^temporal workflow describe /, on: sleeping, then: prints(/PostriderState:.*retrying/) },
  {
    command: /^temporal workflow metadata /,
    on: sleeping,
    then: prints(/attempt 1 of 2 answered 500 in 120 ms; next in 60 min/),
  },
  { command: /^temporal workflow query .*progress/, on: sleeping, then: prints(/"attemptsMade": ?1/) },
  { command: /^temporal workflow show /, on: sleeping, then: prints(/TimerStarted/) },
  { command: /^temporal workflow signal --workflow-id .*retryNow/, on: exhausted, then: retries },
  { command: /^temporal workflow signal --query .*retryNow/, on: exhausted, then: retries },
  { command: /^temporal workflow signal .*cancelDelivery/, on: sleeping, then: ends('cancelled') },
  { command: /^temporal workflow cancel /, on: sleeping, then: ends('cancelled') },
  { command: /^temporal workflow terminate /, on: sleeping, then: isTerminated },
  { command: /^temporal workflow reset /, on: sleeping, then: sleepsAgain },
  { command: /^temporal task-queue describe /, on: sleeping, then: prints(/postrider|Pollers|Task Queue/i) },
]

type Expectation = (subject: Subject, printed: string) => Promise<void> | void

let lab: DeliveryLab

beforeAll(async () => {
  lab = await openLab(inject('temporalAddress'))
})

afterAll(async () => {
  await lab[Symbol.asyncDispose]()
})

describe('the page for operators', () => {
  it('has commands', () => {
    expect(COMMANDS.length).toBeGreaterThanOrEqual(EXPECTATIONS.length)
  })

  it.each(COMMANDS)('tells a command that does what it says: %s', async (command) => {
    const expectation = EXPECTATIONS.find((one) => one.command.test(command))
    if (expectation === undefined) throw new Error('No test says what this command must do')
    const subject = await expectation.on(lab)
    const printed = await runCommandLine(command, {
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      DELIVERY: subject.deliveryId,
      WEBHOOK: subject.webhookId,
    })
    await expectation.then(subject, printed)
  })

  it.each(LINKED_QUERIES)('links to a query that Temporal understands: %s', async (query) => {
    await expect(lab.client.workflow.count(query)).resolves.toBeDefined()
  })

  it('and migrate name the same search attributes', () => {
    for (const [, name = ''] of registerCommand('default').matchAll(/--name (\w+)/g))
      expect(PAGE).toContain(`\`${name}\``)
  })
})

async function sleeping(on: DeliveryLab): Promise<Subject> {
  const { row, delivery, handle } = on.add({ schedule: ['1h'], post: () => 500 })
  await on.starter.start([delivery])
  await until(async () => timersIn(await historyOf(handle)).length === 1)
  await untilFound(on, delivery.webhookId, 'retrying')
  return { row, handle, deliveryId: delivery.deliveryId, webhookId: delivery.webhookId }
}

async function exhausted(on: DeliveryLab): Promise<Subject> {
  const { row, delivery, handle } = on.add({ state: 'pending', schedule: ['1s'], post: () => 500 })
  await on.starter.start([delivery])
  await until(() => row.state === 'failed')
  await untilFound(on, delivery.webhookId, 'failed')
  return { row, handle, deliveryId: delivery.deliveryId, webhookId: delivery.webhookId }
}

/** Temporal's search is a moment behind. */
async function untilFound(on: DeliveryLab, webhookId: string, state: string): Promise<void> {
  const query = `PostriderWebhookId = '${webhookId}' AND PostriderState = '${state}'`
  await until(async () => (await on.client.workflow.count(query)).count > 0)
}

function prints(pattern: RegExp): Expectation {
  return (_, printed) => {
    expect(printed).toMatch(pattern)
  }
}

async function retries({ row }: Subject): Promise<void> {
  await until(() => row.attempts.length === 3)
  expect(row.attempts.at(-1)?.trigger).toBe('manual')
}

function ends(state: string): Expectation {
  return async ({ handle, row }) => {
    expect(await handle.result()).toBe(state)
    expect(row.state).toBe(state)
  }
}

async function isTerminated({ handle, row }: Subject): Promise<void> {
  expect((await handle.describe()).status.name).toBe('TERMINATED')
  expect(row.state).toBe('pending')
}

async function sleepsAgain({ row, handle }: Subject): Promise<void> {
  await until(() => row.calls.length === 2)
  await until(async () => timersIn(await historyOf(handle)).length === 1)
  expect(row.attempts).toHaveLength(1)
}
