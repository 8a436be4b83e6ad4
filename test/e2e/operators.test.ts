import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { stateAttribute } from '../../workflows/contract.ts'
import { startReceiver } from '../support/life.ts'
import { eventually, publishAgain, type PublishedDelivery, publishTo } from '../support/published-delivery.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { historyOf, timersIn } from '../workflows/support/delivery-lab.ts'
import { runCommandLine } from '../workflows/support/operator-cli.ts'

type Receiver = Awaited<ReturnType<typeof startReceiver>>

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/operating-with-temporal.md'), 'utf8')
const COMMANDS = [...PAGE.matchAll(/^```sh\n(.*?)^```$/gms)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line.startsWith('temporal '))

let service: TestService
const receivers: Receiver[] = []

beforeAll(async () => {
  service = await startTestService()
})

afterAll(async () => {
  await service.stop()
  await Promise.all(receivers.map((receiver) => receiver.close()))
})

async function failingReceiver(): Promise<Receiver> {
  const receiver = await startReceiver()
  receiver.status = 500
  receivers.push(receiver)
  return receiver
}

/** Runs the one command of the page for operators that this pattern means, on a delivery of the product. */
async function operate(pattern: RegExp, { id, webhookId }: PublishedDelivery): Promise<string> {
  const commands = COMMANDS.filter((command) => pattern.test(command))
  if (commands.length !== 1)
    throw new Error(`${commands.length} commands of the page match ${pattern.source}`)
  return runCommandLine(commands[0] ?? '', {
    TEMPORAL_ADDRESS: service.temporalAddress,
    TEMPORAL_NAMESPACE: service.namespace,
    DELIVERY: id,
    WEBHOOK: webhookId,
  })
}

const stateShown = async ({ handle }: PublishedDelivery) =>
  (await handle.describe()).typedSearchAttributes.get(stateAttribute) ?? null

const runOf = async ({ handle }: PublishedDelivery): Promise<string> => (await handle.describe()).runId

/** Fails once and sleeps. */
async function sleeping(type: string, receiver: Receiver, schedule: string[]): Promise<PublishedDelivery> {
  const delivery = await publishTo(service, type, { url: receiver.url, schedule })
  await delivery.hasAttempts(1)
  await eventually(async () => timersIn(await historyOf(delivery.handle)).length, 1)
  return delivery
}

async function exhausted(type: string, receiver: Receiver): Promise<PublishedDelivery> {
  const delivery = await publishTo(service, type, { url: receiver.url, schedule: ['1s'] })
  await delivery.becomes('failed')
  await eventually(() => stateShown(delivery), 'failed')
  return delivery
}

const CANCEL = /^temporal workflow cancel /
const CANCEL_SIGNAL = /^temporal workflow signal .*cancelDelivery/
const RETRY = /^temporal workflow signal --workflow-id .*retryNow/
const TERMINATE = /^temporal workflow terminate /
const RESET = /^temporal workflow reset /

describe.concurrent('with Temporal’s own command line', () => {
  test('retryNow makes an attempt now and leaves the due time; the end of it shows in PostriderState', async () => {
    const receiver = await failingReceiver()
    const delivery = await sleeping('task.created', receiver, ['1h'])
    const { nextAttemptAt } = await delivery.read()
    await eventually(() => stateShown(delivery), 'retrying')
    await operate(RETRY, delivery)
    const after = await delivery.hasAttempts(2)
    expect(after).toMatchObject({ state: 'pending', stepsUsed: 1, nextAttemptAt })
    expect(after.attempts.at(-1)).toMatchObject({ number: 2, trigger: 'manual', statusCode: 500 })

    expect(await operate(/--type progress/, delivery)).toMatch(/"attemptsMade": ?2/)
    expect(await operate(/^temporal workflow metadata/, delivery)).toMatch(
      /answered 500 in \d+ ms; next in \d+ min/,
    )
    expect(await operate(/^temporal workflow describe/, delivery)).toMatch(/PostriderState:.*retrying/)
    receiver.status = 200
    await operate(RETRY, delivery)
    await delivery.becomes('succeeded')
    expect(await delivery.handle.result()).toBe('succeeded')
    expect(await stateShown(delivery)).toBeNull()
  })

  test('all failed deliveries of a webhook are found, and retried by one command', async () => {
    const receiver = await failingReceiver()
    const first = await exhausted('task.updated', receiver)
    const second = await publishAgain(service, 'task.updated', first.webhookId)
    await second.becomes('failed')
    const count = async () =>
      (
        await service.client.workflow.count(
          `WorkflowType = 'deliver' AND PostriderState = 'failed' AND PostriderWebhookId = '${first.webhookId}'`,
        )
      ).count
    // Temporal's search is a moment behind.
    await eventually(count, 2)
    const listed = await operate(/^temporal workflow list /, first)
    expect(listed).toContain(first.handle.workflowId)
    expect(listed).toContain(second.handle.workflowId)

    receiver.status = 200
    await operate(/^temporal workflow signal --query /, first)
    for (const delivery of [first, second])
      expect((await delivery.becomes('succeeded')).attempts.at(-1)?.trigger).toBe('manual')
    await eventually(count, 0)
  })

  test.each([
    { name: 'Cancel', pattern: CANCEL, type: 'task.deleted' },
    { name: 'the signal cancelDelivery', pattern: CANCEL_SIGNAL, type: 'project.created' },
  ])(
    '$name ends a sleeping delivery and a failed one as cancelled, their runs as completed',
    async ({ pattern, type }) => {
      const receiver = await failingReceiver()
      const asleep = await sleeping(type, receiver, ['1h'])
      await operate(pattern, asleep)
      expect(await asleep.becomes('cancelled')).toMatchObject({ nextAttemptAt: null, attemptCount: 1 })
      expect(await asleep.handle.result()).toBe('cancelled')
      await asleep.remove()
      const failed = await exhausted(type, receiver)
      await operate(pattern, failed)
      await failed.becomes('cancelled')
      expect(await failed.handle.result()).toBe('cancelled')
      expect((await failed.handle.describe()).status.name).toBe('COMPLETED')
      expect(await stateShown(failed)).toBeNull()
    },
  )

  test('Terminate ends the run only: the sweep starts another, which sleeps what is left', async () => {
    const receiver = await failingReceiver()
    const delivery = await sleeping('project.updated', receiver, ['18s'])
    const run = await runOf(delivery)
    const { nextAttemptAt } = await delivery.read()
    receiver.status = 200
    await operate(TERMINATE, delivery)
    await eventually(async () => (await runOf(delivery)) !== run, true)
    await eventually(async () => timersIn(await historyOf(delivery.handle)).length, 1)
    const [timer] = timersIn(await historyOf(delivery.handle))
    expect(timer?.waitMs).toBeLessThan(18_000)
    expect(await delivery.read()).toMatchObject({ state: 'pending', attemptCount: 1, nextAttemptAt })

    const { attempts } = await delivery.becomes('succeeded')
    expect(attempts.map(({ trigger }) => trigger)).toEqual(['schedule', 'schedule'])
    expect(Date.parse(attempts[1]?.startedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(nextAttemptAt ?? '') - 50,
    )
  })

  test('rule 3: an attempt in flight is recorded although its run is terminated, and not made again', async () => {
    const receiver = await failingReceiver()
    let answer = (): void => undefined
    receiver.answers.push({ status: 500, waitFor: new Promise<void>((resolve) => (answer = resolve)) })
    const delivery = await publishTo(service, 'project.deleted', { url: receiver.url, schedule: ['1h'] })
    await eventually(() => receiver.received.length, 1)
    const run = await runOf(delivery)
    await operate(TERMINATE, delivery)
    await eventually(async () => (await runOf(delivery)) !== run, true)
    answer()
    const { attempts } = await delivery.hasAttempts(1)
    expect(attempts).toMatchObject([{ number: 1, statusCode: 500, failure: 'status' }])
    await eventually(async () => timersIn(await historyOf(delivery.handle)).length, 1)
    expect(receiver.received).toHaveLength(1)
    await delivery.remove()
  })

  test('Terminate of an exhausted delivery leaves it failed, and the API still retries it', async () => {
    const receiver = await failingReceiver()
    const delivery = await exhausted('phase.created', receiver)
    await operate(TERMINATE, delivery)
    expect((await delivery.handle.describe()).status.name).toBe('TERMINATED')
    receiver.status = 200
    expect((await delivery.retry()).status).toBe(202)
    expect((await delivery.becomes('succeeded')).attempts).toHaveLength(3)
    expect(await delivery.handle.result()).toBe('succeeded')
  })

  test('Reset makes no recorded attempt again and goes on with what is left', async () => {
    const receiver = await failingReceiver()
    const delivery = await sleeping('phase.updated', receiver, ['15s', '1h'])
    const run = await runOf(delivery)
    const { nextAttemptAt } = await delivery.read()
    await operate(RESET, delivery)
    await eventually(async () => (await runOf(delivery)) !== run, true)
    await eventually(async () => timersIn(await historyOf(delivery.handle)).length, 1)
    expect(receiver.received).toHaveLength(1)
    const { attempts } = await delivery.hasAttempts(2)
    expect(Date.parse(attempts[1]?.startedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(nextAttemptAt ?? '') - 50,
    )
    expect(receiver.received.map(({ headers }) => headers['x-webhook-attempt'])).toEqual(['1', '2'])

    // One that has ended is asked, answers that it has, and ends again.
    receiver.status = 200
    await operate(RETRY, delivery)
    await delivery.becomes('succeeded')
    expect(await delivery.handle.result()).toBe('succeeded')
    await operate(RESET, delivery)
    expect(await delivery.handle.result()).toBe('succeeded')
    expect(receiver.received).toHaveLength(3)
    expect(await delivery.read()).toMatchObject({ state: 'succeeded', attemptCount: 3 })
  })

  test('PostriderState is held while the webhook is off, and no longer when it is sent', async () => {
    const receiver = await failingReceiver()
    const delivery = await sleeping('phase.completed', receiver, ['3s', '1h'])
    await service.request('PATCH', `/webhooks/${delivery.webhookId}`, { enabled: false })
    expect((await delivery.read()).state).toBe('pending')
    await delivery.becomes('held')
    expect(await delivery.handle.result()).toBe('held')
    expect(await stateShown(delivery)).toBe('held')
    await service.request('PATCH', `/webhooks/${delivery.webhookId}`, { enabled: true, sendHeld: true })
    await delivery.hasAttempts(2)
    await eventually(() => stateShown(delivery), 'retrying')
    receiver.status = 200
    await operate(RETRY, delivery)
    await delivery.becomes('succeeded')
    await eventually(() => stateShown(delivery), null)
  })
})
