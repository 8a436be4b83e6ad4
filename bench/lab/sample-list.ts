const FIRST_SIZE = 4_096

/** Numbers in the order they came, without an object for each. */
export class SampleList {
  #values = new Float64Array(FIRST_SIZE)
  #length = 0

  get length(): number {
    return this.#length
  }

  add(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length] = value
    this.#length += 1
  }

  /** A copy of what came after the first `start`. */
  since(start: number): Float64Array {
    return this.#values.slice(start, this.#length)
  }
}

const FIRST_COUNTS = 65_536
const COUNT_MAX = 255

/** How often each number was seen, for numbers counted up from 0. */
export class Tally {
  #counts = new Uint8Array(FIRST_COUNTS)

  /** Answers how often it has been seen now. */
  add(number: number): number {
    while (number >= this.#counts.length) {
      const larger = new Uint8Array(2 * this.#counts.length)
      larger.set(this.#counts)
      this.#counts = larger
    }
    const count = Math.min(COUNT_MAX, (this.#counts[number] ?? 0) + 1)
    this.#counts[number] = count
    return count
  }

  countOf(number: number): number {
    return this.#counts[number] ?? 0
  }

  /** One count a number, up to the highest that was seen. */
  toArray(length: number): Uint8Array {
    const copy = new Uint8Array(length)
    copy.set(this.#counts.subarray(0, length))
    return copy
  }
}
