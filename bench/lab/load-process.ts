// The load generator, in a process of its own: publishes numbered events in a closed loop or at a fixed rate.
import { setTimeout as sleep } from 'node:timers/promises'

import { answerCalls } from './child-calls.ts'
import { sharedClockMs } from './clock.ts'
import { eventBodies, type EventBodies, type EventShape } from './event-bodies.ts'
import { Publisher } from './publisher.ts'
import { SampleList, Tally } from './sample-list.ts'

export interface LoadTarget {
  /** Publish routes; taken in turn. */
  readonly urls: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** Connections to each URL. */
  readonly connections: number
  readonly shape: EventShape
}

/** What to publish until told to stop. */
export interface LoadPlan {
  /** Requests under way at once; with a rate, the most that may be. */
  readonly inFlight: number
  /** How many events may be published and not yet received; null does not wait for the receiver. */
  readonly window: number | null
  /** Deliveries that each event becomes. */
  readonly fanOut: number
  /** Null publishes as fast as the answers come. */
  readonly eventsPerSecond: number | null
  /** Ends by itself after so many; null only when told to. */
  readonly events: number | null
}

export interface LoadCounts {
  readonly atMs: number
  /** Events answered with 202. */
  readonly accepted: number
  /** Deliveries that the answers promised. */
  readonly promised: number
  /** Requests by what else came of them: a status, or the code of an error. */
  readonly others: Readonly<Record<string, number>>
  readonly answers: number
}

const PAUSE_AFTER_TROUBLE_MS = 50
const TICK_MS = 1

let publishers: Publisher[] = []
let bodies: EventBodies = eventBodies({ kind: 'postrider', type: 'task.created', dataBytes: 1_000, batch: 1 })
let acceptedNumbers = new Tally()
let answerTimesMs = new SampleList()
let [nextNumber, accepted, promised, received, inFlight] = [0, 0, 0, 0, 0]
let others: Record<string, number> = {}
let isStopped = true
let running: Promise<unknown> = Promise.resolve()
let room = Promise.withResolvers<undefined>()

async function publishOne(): Promise<void> {
  const first = nextNumber
  const count = bodies.eventsPerRequest
  nextNumber += count
  const publisher = publishers[(first / count) % publishers.length] as Publisher
  const beganMs = sharedClockMs()
  inFlight += 1
  try {
    const { status, text } = await publisher.post(bodies.write(first, beganMs))
    if (!bodies.isAccepted(status)) await noteTrouble(String(status))
    else {
      for (let number = first; number < first + count; number += 1) acceptedNumbers.add(number)
      accepted += count
      promised += bodies.promisedBy(text)
      answerTimesMs.add(sharedClockMs() - beganMs)
    }
  } catch (error) {
    await noteTrouble((error as { code?: string }).code ?? String(error))
  } finally {
    inFlight -= 1
  }
}

function tellOfRoom(): void {
  room.resolve(undefined)
  room = Promise.withResolvers()
}

/** Whoever is overloaded or just dies is given a moment. */
async function noteTrouble(what: string): Promise<void> {
  others[what] = (others[what] ?? 0) + 1
  await sleep(PAUSE_AFTER_TROUBLE_MS)
}

async function runClosed(plan: LoadPlan): Promise<void> {
  const end = plan.events === null ? Number.POSITIVE_INFINITY : nextNumber + plan.events
  const isFull = (): boolean => plan.window !== null && accepted - received / plan.fanOut >= plan.window
  const work = async (): Promise<void> => {
    while (!isStopped && nextNumber < end) {
      if (isFull()) await room.promise
      else await publishOne()
    }
  }
  await Promise.all(Array.from({ length: plan.inFlight }, work))
}

/** At the times of the plan, whatever the answers take: so a stall delays no later event's clock. */
async function runAtRate(plan: LoadPlan, eventsPerSecond: number): Promise<void> {
  const beganMs = sharedClockMs()
  const everyMs = (1_000 * bodies.eventsPerRequest) / eventsPerSecond
  const underWay = new Set<Promise<void>>()
  for (let sent = 0; !isStopped && sent < (plan.events ?? Number.POSITIVE_INFINITY);) {
    if (sharedClockMs() < beganMs + sent * everyMs || inFlight >= plan.inFlight) {
      await sleep(TICK_MS)
      continue
    }
    sent += bodies.eventsPerRequest
    const publishing: Promise<void> = publishOne().finally(() => underWay.delete(publishing))
    underWay.add(publishing)
  }
  await Promise.all(underWay)
}

const calls = {
  async aim({ urls, headers, connections, shape }: LoadTarget): Promise<void> {
    await Promise.all(publishers.map((publisher) => publisher.close()))
    publishers = urls.map((url) => new Publisher(new URL(url), headers, connections))
    bodies = eventBodies(shape)
    acceptedNumbers = new Tally()
    answerTimesMs = new SampleList()
    others = {}
    ;[nextNumber, accepted, promised, received, inFlight] = [0, 0, 0, 0, 0]
  },
  start(plan: LoadPlan): void {
    isStopped = false
    running = plan.eventsPerSecond === null ? runClosed(plan) : runAtRate(plan, plan.eventsPerSecond)
  },
  /** Waits for the answers under way. */
  async stop(_: undefined): Promise<void> {
    isStopped = true
    tellOfRoom()
    await running
  },
  /** Waits for a plan that ends by itself. */
  async finish(_: undefined): Promise<void> {
    await running
  },
  setReceived(count: number): void {
    received = count
    tellOfRoom()
  },
  counts: (_: undefined): LoadCounts => ({
    atMs: sharedClockMs(),
    accepted,
    promised,
    others,
    answers: answerTimesMs.length,
  }),
  answerTimesSince: (start: number): Float64Array => answerTimesMs.since(start),
  acceptedNumbers: (_: undefined): Uint8Array => acceptedNumbers.toArray(nextNumber),
}

export type LoadCalls = typeof calls

answerCalls(calls)
