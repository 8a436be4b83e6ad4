import { setTimeout as sleep } from 'node:timers/promises'

import { startInbox } from './inbox.ts'
import { LocalRuntimeError } from './local-error.ts'

const FAILURES = 2
const SCHEDULE = ['2s', '3s']
const EVENT = { type: 'phase.completed', data: { id: 'phase-1', name: 'Trying Postrider out' } }
const SETTLE_WAIT_MS = 60_000
const POLL_MS = 100

export interface DemoService {
  /** Origin of the API. */
  readonly apiUrl: string
  readonly apiKey: string
}

/**
 * Shows one delivery's life: a receiver that fails twice and then accepts, and one event for it. Prints each attempt as
 * the receiver sees it. Throws a LocalRuntimeError when the event does not arrive in the end.
 */
export async function runDemo(service: DemoService, print: (line: string) => void): Promise<void> {
  let secret = ''
  let attempts = 0
  const receiver = await startInbox({
    name: 'demo receiver',
    port: 0,
    secretsFor: async () => Promise.resolve([secret]),
    print,
    chooseStatus: () => {
      attempts += 1
      return attempts <= FAILURES ? 503 : 200
    },
  })
  print(`A receiver at ${receiver.url} fails ${FAILURES} times with 503, then accepts.`)
  const webhook = await call<{ id: string; secret: string }>(service, 'POST', '/webhooks', {
    url: `${receiver.url}/demo`,
    events: [EVENT.type],
    schedule: SCHEDULE,
    description: 'npm run demo',
  })
  secret = webhook.secret
  print(`A webhook for ${EVENT.type} tries again after ${SCHEDULE.join(', then ')}. One event is published.`)
  try {
    await call(service, 'POST', '/events', EVENT)
    await followDelivery(service, webhook.id, print)
  } finally {
    await call(service, 'DELETE', `/webhooks/${webhook.id}`)
    await receiver.close()
  }
}

interface DeliveryView {
  readonly id: string
  readonly state: string
  readonly attemptCount: number
  readonly nextAttemptAt: string | null
}

async function followDelivery(
  service: DemoService,
  webhookId: string,
  print: (line: string) => void,
): Promise<void> {
  const deadlineMs = performance.now() + SETTLE_WAIT_MS
  let attemptsSeen = 0
  while (performance.now() < deadlineMs) {
    const { data } = await call<{ data: DeliveryView[] }>(
      service,
      'GET',
      `/deliveries?webhookId=${webhookId}`,
    )
    const [delivery] = data
    if (delivery?.state === 'succeeded') {
      print(
        `Delivered with attempt ${delivery.attemptCount}: ${service.apiUrl}/api/v1/deliveries/${delivery.id}`,
      )
      return
    }
    if (delivery !== undefined && delivery.nextAttemptAt !== null && delivery.attemptCount > attemptsSeen) {
      attemptsSeen = delivery.attemptCount
      print(`Attempt ${attemptsSeen} failed; the next one is due at ${delivery.nextAttemptAt}.`)
    }
    await sleep(POLL_MS)
  }
  throw new LocalRuntimeError(`The event was not delivered within ${SETTLE_WAIT_MS / 1000} s.`)
}

async function call<T>(
  { apiUrl, apiKey }: DemoService,
  method: string,
  route: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`${apiUrl}/api/v1${route}`, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new LocalRuntimeError(`${method} ${route} answered ${response.status}: ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}
