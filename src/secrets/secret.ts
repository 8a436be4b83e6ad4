const REDACTED = '[redacted]'
/** What `util.inspect`, and with it `console.log`, asks an object for. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** A text that must not be seen by accident: however it is printed or serialised, it says `[redacted]`. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself. Every call is a place to look at when asking where a secret could get out. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [INSPECT](): string {
    return REDACTED
  }
}
