import type { DeliveryAddress, DeliveryMessenger } from '../usecases/ports.ts'
import type { DispatchTargets } from './dispatcher.ts'

export interface MessengerDeps {
  targets: DispatchTargets
  /** How many messages may be under way; what comes beyond is left to the dispatchers. */
  inFlightMax: number
  /** How many of them may be starts of deliveries that can wait; the others are given back. */
  patientMax: number
  /** Whether a webhook is known to answer fast. */
  isQuick: (webhookId: string) => boolean
  /** Makes deliveries due for the dispatchers at once. */
  giveBack: (deliveryIds: readonly string[]) => Promise<void>
  /** How long a message may probably wait for its answer; null does not care. Sets the capacity by what Temporal bears. */
  waitMsMax: number | null
  logFault: (message: string, error: unknown) => void
}

export interface Messenger extends DeliveryMessenger {
  /** How many more messages it would take now. */
  capacity(): number
  /** How many Temporal has lately taken in a second. */
  perSecond(): number
  startMany(deliveries: readonly DeliveryAddress[]): void
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>
}

/** The quick way to Temporal, right after a commit. It may fail silently: the dispatchers are the sure one. */
export function createMessenger(deps: MessengerDeps): Messenger {
  const { targets, inFlightMax, patientMax, waitMsMax } = deps
  const pace = createPace()
  const { send, inFlight, settled } = createTraffic(deps, pace)
  let patient = 0

  async function startAll(deliveries: readonly DeliveryAddress[]): Promise<void> {
    const [failure] = await targets.start(deliveries)
    if (failure !== undefined) throw failure.cause
  }

  function startPatiently(deliveries: readonly DeliveryAddress[]): void {
    const now = deliveries.slice(0, Math.max(0, patientMax - patient))
    const later = deliveries.slice(now.length)
    if (later.length > 0) send(0, () => giveBack(later))
    if (now.length > 0) send(now.length, () => startPatient(now))
  }

  /** No message to Temporal, so its failure says nothing of Temporal's pace: these are due in a while anyway. */
  async function giveBack(deliveries: readonly DeliveryAddress[]): Promise<void> {
    try {
      await deps.giveBack(deliveries.map(({ deliveryId }) => deliveryId))
    } catch (error) {
      deps.logFault('Deliveries could not be given back to the dispatchers at once.', error)
    }
  }

  async function startPatient(deliveries: readonly DeliveryAddress[]): Promise<void> {
    patient += deliveries.length
    try {
      await startAll(deliveries)
    } finally {
      patient -= deliveries.length
    }
  }

  return {
    capacity() {
      if (waitMsMax === null) return inFlightMax - inFlight()
      return Math.max(0, Math.min(inFlightMax, pace.doneWithin(waitMsMax)) - inFlight())
    },
    perSecond: () => pace.doneWithin(1_000),
    start: (delivery) => {
      send(1, () => startAll([delivery]))
    },
    startMany(deliveries) {
      const { quick = [], patient: others = [] } = Object.groupBy(deliveries, ({ webhookId }) =>
        deps.isQuick(webhookId) ? 'quick' : 'patient',
      )
      if (quick.length > 0) send(quick.length, () => startAll(quick))
      startPatiently(others)
    },
    retry: (delivery, requestedAt) => {
      send(1, () => targets.retry(delivery, requestedAt))
    },
    cancel: (deliveryId) => {
      send(1, () => targets.cancel(deliveryId))
    },
    settled,
  }
}

/** What is under way, within its bound. */
function createTraffic({ inFlightMax, logFault }: MessengerDeps, pace: Pace) {
  const running = new Set<Promise<void>>()
  let inFlight = 0
  return {
    inFlight: () => inFlight,
    send(count: number, work: () => Promise<unknown>): void {
      if (inFlight + count > inFlightMax) return
      inFlight += count
      const message = work()
        .then(() => {
          pace.done(count)
        })
        .catch((error: unknown) => {
          pace.failed()
          logFault('A message to Temporal did not arrive; a dispatcher repeats it.', error)
        })
        .then(() => {
          inFlight -= count
          running.delete(message)
        })
      running.add(message)
    },
    async settled(): Promise<void> {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

const PACE_MS = 1_000
/** Assumed until Temporal has shown more. */
const PACE_MIN = 20
const FAILURE_PAUSE_MS = 5_000

interface Pace {
  done(count: number): void
  failed(): void
  /** After a failure nothing is expected for some seconds; then Temporal is tried with a few again. */
  doneWithin(ms: number): number
}

/** How many messages Temporal takes in a while: counted over the last full second that had any. */
function createPace(): Pace {
  let windowAt = performance.now()
  let counted = 0
  let perWindow = PACE_MIN
  let failedAt = -Infinity

  function turn(): void {
    const now = performance.now()
    const windows = (now - windowAt) / PACE_MS
    if (windows < 1) return
    if (counted > 0) perWindow = Math.max(PACE_MIN, Math.round(counted / windows))
    counted = 0
    windowAt = now
  }

  return {
    done(count: number): void {
      turn()
      counted += count
    },
    failed(): void {
      failedAt = performance.now()
    },
    doneWithin(ms: number): number {
      turn()
      if (performance.now() - failedAt < FAILURE_PAUSE_MS) return 0
      return Math.max(PACE_MIN, Math.floor((perWindow * ms) / PACE_MS))
    },
  }
}
