import { sharedClockMs } from './clock.ts'
import { SampleList, Tally } from './sample-list.ts'

/** What a receiver has seen up to one moment. */
export interface Mark {
  readonly atMs: number
  /** Different deliveries. */
  readonly received: number
  readonly samples: number
}

/** What became of the events that were accepted. */
export interface Balance {
  readonly expected: number
  readonly received: number
  readonly lost: number
  /** Deliveries that came more often than once, each time more counted. */
  readonly doubled: number
  /** Numbers of some events that were lost, to look them up by. */
  readonly lostNumbers: readonly number[]
}

const SHOWN_MAX = 10

/**
 * Counts deliveries by the number that the load generator wrote into each event, for every path apart, and keeps how long
 * each took from publishing to its first arrival.
 */
export class Receipts {
  readonly #tallies = new Map<string, Tally>()
  readonly latenciesMs = new SampleList()
  received = 0
  requests = 0

  add(path: string, number: number, publishedMs: number): void {
    let tally = this.#tallies.get(path)
    if (tally === undefined) {
      tally = new Tally()
      this.#tallies.set(path, tally)
    }
    this.requests += 1
    if (tally.add(number) > 1) return
    this.received += 1
    this.latenciesMs.add(sharedClockMs() - publishedMs)
  }

  mark(): Mark {
    return { atMs: sharedClockMs(), received: this.received, samples: this.latenciesMs.length }
  }

  /** `accepted` holds a 1 for every event number that was answered with 202. */
  balance(paths: readonly string[], accepted: Uint8Array): Balance {
    let [expected, lost, doubled] = [0, 0, 0]
    const lostNumbers: number[] = []
    for (const path of paths) {
      const counts = this.#tallies.get(path)?.toArray(accepted.length) ?? new Uint8Array(accepted.length)
      for (const [number, isAccepted] of accepted.entries()) {
        const count = counts[number] ?? 0
        expected += isAccepted
        doubled += Math.max(0, count - 1)
        if (isAccepted === 0 || count > 0) continue
        lost += 1
        if (lostNumbers.length < SHOWN_MAX) lostNumbers.push(number)
      }
    }
    return { expected, received: this.received, lost, doubled, lostNumbers }
  }
}
