import type { DeliveryAddress, DeliveryMessenger } from '../usecases/ports.ts'
import type { DispatchTargets } from './dispatcher.ts'

export interface MessengerDeps {
  targets: DispatchTargets
  /** How many messages may be under way; what comes beyond is left to the dispatchers. */
  inFlightMax: number
  logFault: (message: string, error: unknown) => void
}

export interface Messenger extends DeliveryMessenger {
  /** How many more messages it would take now. */
  capacity(): number
  startMany(deliveries: readonly DeliveryAddress[]): void
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>
}

/** The quick way to Temporal, right after a commit. It may fail silently: the dispatchers are the sure one. */
export function createMessenger({ targets, inFlightMax, logFault }: MessengerDeps): Messenger {
  const running = new Set<Promise<void>>()
  let inFlight = 0

  function send(count: number, work: () => Promise<unknown>): void {
    if (inFlight + count > inFlightMax) return
    inFlight += count
    const message = work()
      .catch((error: unknown) => {
        logFault('A message to Temporal did not arrive; a dispatcher repeats it.', error)
      })
      .then(() => {
        inFlight -= count
        running.delete(message)
      })
    running.add(message)
  }

  async function startAll(deliveries: readonly DeliveryAddress[]): Promise<void> {
    const [failure] = await targets.start(deliveries)
    if (failure !== undefined) throw failure.cause
  }

  return {
    capacity: () => inFlightMax - inFlight,
    start: (delivery) => {
      send(1, () => startAll([delivery]))
    },
    startMany: (deliveries) => {
      if (deliveries.length > 0) send(deliveries.length, () => startAll(deliveries))
    },
    retry: (delivery, requestedAt) => {
      send(1, () => targets.retry(delivery, requestedAt))
    },
    cancel: (deliveryId) => {
      send(1, () => targets.cancel(deliveryId))
    },
    async settled() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}
