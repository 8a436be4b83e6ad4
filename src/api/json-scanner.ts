import type { InputProblem } from '../domain/errors.ts'
import type { RawMember } from './app-type.ts'

export const JSON_DEPTH_MAX = 64

/** Where the text of a member that is kept raw stands; `index` is that of its event in a batch. */
export interface RawSlice {
  start: number
  end: number
  index: number
}

/** Text that is no JSON as this API takes it. `errors` names the member where there is one to name. */
export class JsonSyntaxError extends Error {
  readonly code = 'json_syntax'
  readonly errors: readonly InputProblem[]

  constructor(message: string, errors: readonly InputProblem[] = []) {
    super(message)
    this.name = 'JsonSyntaxError'
    this.errors = errors
  }
}

/** What scanning found out beside "it is JSON". */
export interface ScannedJson {
  raw: readonly RawSlice[]
  /** Texts that cannot be stored: they hold a NUL or half of a surrogate pair. Those inside raw members are not meant. */
  unstorable: readonly InputProblem[]
}

/** What the value about to be scanned is, for finding raw members. */
const Place = { elsewhere: 0, event: 1, batch: 2, events: 3, raw: 4 } as const
type Place = (typeof Place)[keyof typeof Place]

const FEW_KEYS = 8
const UNSTORABLE_MAX = 20

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
const BRACKET_OPEN = 0x5b
const BRACKET_CLOSE = 0x5d
const ZERO = 0x30
const NINE = 0x39

/**
 * One pass over JSON text (RFC 8259) that finds what `JSON.parse` lets through or cannot tell: duplicate keys, too deep
 * nesting, and the exact text of the members that are kept as they were sent. Throws JsonSyntaxError.
 */
export function scanJson(text: string, rawMember?: RawMember): ScannedJson {
  return new JsonScanner(text).scan(rawMember)
}

class JsonScanner {
  private readonly text: string
  private at = 0
  private depth = 0
  private readonly path: (string | number)[] = []
  private readonly raw: RawSlice[] = []
  private readonly unstorable: InputProblem[] = []
  /** Set by the last `scanString`. */
  private hasEscape = false
  private isUnstorable = false

  constructor(text: string) {
    this.text = text
  }

  scan(rawMember: RawMember | undefined): ScannedJson {
    this.skipSpace()
    this.scanValue(
      rawMember === undefined ? Place.elsewhere : rawMember === 'data' ? Place.event : Place.batch,
    )
    this.skipSpace()
    if (this.at < this.text.length) this.fail('Expected the end of the body')
    return { raw: this.raw, unstorable: this.unstorable }
  }

  private scanValue(place: Place): void {
    const code = this.text.charCodeAt(this.at)
    if (code === QUOTE) {
      this.scanString()
      if (this.isUnstorable && place !== Place.raw) this.noteUnstorable('value')
    } else if (code === BRACE_OPEN) this.scanObject(place)
    else if (code === BRACKET_OPEN) this.scanArray(place)
    else if (code === 0x74) this.scanWord('true')
    else if (code === 0x66) this.scanWord('false')
    else if (code === 0x6e) this.scanWord('null')
    else this.scanNumber()
  }

  private scanObject(place: Place): void {
    const few: string[] = []
    let many: Set<string> | undefined
    this.enter()
    if (this.text.charCodeAt(this.at) === BRACE_CLOSE) return this.leave()
    for (;;) {
      const key = this.scanKey(place)
      if (many === undefined ? few.includes(key) : many.has(key)) this.failOnDuplicate(key)
      if (many !== undefined) many.add(key)
      else if (few.push(key) > FEW_KEYS) many = new Set(few)
      this.path[this.depth - 1] = key
      this.scanMember(place, key)
      this.skipSpace()
      const code = this.text.charCodeAt(this.at)
      if (code === BRACE_CLOSE) return this.leave()
      if (code !== COMMA) this.fail('Expected a comma or the end of the object')
      this.at += 1
      this.skipSpace()
    }
  }

  private scanKey(place: Place): string {
    if (this.text.charCodeAt(this.at) !== QUOTE) this.fail('Expected a member name in double quotes')
    const start = this.at
    this.scanString()
    const end = this.at
    const key = this.hasEscape
      ? (JSON.parse(this.text.slice(start, end)) as string)
      : this.text.slice(start + 1, end - 1)
    if (this.isUnstorable && place !== Place.raw) this.noteUnstorable('name')
    this.skipSpace()
    if (this.text.charCodeAt(this.at) !== COLON) this.fail('Expected a colon')
    this.at += 1
    this.skipSpace()
    return key
  }

  private scanMember(place: Place, key: string): void {
    if (place === Place.raw) return this.scanValue(Place.raw)
    if (place === Place.batch && key === 'events') return this.scanValue(Place.events)
    if (place !== Place.event || key !== 'data') return this.scanValue(Place.elsewhere)
    const start = this.at
    this.scanValue(Place.raw)
    // Only objects are data; anything else is left for the schema to refuse.
    if (this.text.charCodeAt(start) === BRACE_OPEN)
      this.raw.push({ start, end: this.at, index: this.depth > 1 ? Number(this.path[1]) : 0 })
  }

  private scanArray(place: Place): void {
    const inner = place === Place.events ? Place.event : place === Place.raw ? Place.raw : Place.elsewhere
    this.enter()
    if (this.text.charCodeAt(this.at) === BRACKET_CLOSE) return this.leave()
    for (let index = 0; ; index += 1) {
      this.path[this.depth - 1] = index
      this.scanValue(inner)
      this.skipSpace()
      const code = this.text.charCodeAt(this.at)
      if (code === BRACKET_CLOSE) return this.leave()
      if (code !== COMMA) this.fail('Expected a comma or the end of the array')
      this.at += 1
      this.skipSpace()
    }
  }

  private enter(): void {
    this.depth += 1
    if (this.depth > JSON_DEPTH_MAX) this.fail(`More than ${JSON_DEPTH_MAX} levels of nesting`)
    this.at += 1
    this.skipSpace()
  }

  private leave(): void {
    this.depth -= 1
    this.at += 1
  }

  private scanString(): void {
    const { text } = this
    this.hasEscape = false
    this.isUnstorable = false
    for (let at = this.at + 1; ; at += 1) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        this.at = at + 1
        return
      }
      if (code === BACKSLASH) {
        this.at = at
        at = this.scanEscape()
      } else if (!(code >= 0x20)) {
        this.at = at
        this.fail(
          Number.isNaN(code) ? 'Expected the end of the string' : 'A control character inside a string',
        )
      }
    }
  }

  /** Answers where the escape ends. */
  private scanEscape(): number {
    this.hasEscape = true
    const letter = this.text.charAt(this.at + 1)
    if (letter === 'u') return this.scanUnicodeEscape()
    if (letter === '' || !'"\\/bfnrt'.includes(letter)) this.fail('An unknown escape inside a string')
    return this.at + 1
  }

  private scanUnicodeEscape(): number {
    const code = this.readHex(this.at + 2)
    if (code === undefined) this.fail('Expected four hexadecimal digits')
    if (code === 0) this.isUnstorable = true
    if (code < 0xd800 || code > 0xdfff) return this.at + 5
    const isPair =
      code < 0xdc00 && this.text.startsWith('\\u', this.at + 6) && isLowSurrogate(this.readHex(this.at + 8))
    if (isPair) return this.at + 11
    this.isUnstorable = true
    return this.at + 5
  }

  private readHex(at: number): number | undefined {
    const digits = this.text.slice(at, at + 4)
    return /^[0-9A-Fa-f]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
  }

  private scanNumber(): void {
    const start = this.at
    if (this.text.charAt(this.at) === '-') this.at += 1
    if (this.text.charCodeAt(this.at) === ZERO) this.at += 1
    else if (!this.skipDigits()) {
      this.at = start
      this.fail('Expected a value')
    }
    if (this.text.charAt(this.at) === '.') {
      this.at += 1
      if (!this.skipDigits()) this.fail('Expected a digit')
    }
    if (this.text.charAt(this.at) === 'e' || this.text.charAt(this.at) === 'E') {
      this.at += 1
      if (this.text.charAt(this.at) === '+' || this.text.charAt(this.at) === '-') this.at += 1
      if (!this.skipDigits()) this.fail('Expected a digit')
    }
  }

  private skipDigits(): boolean {
    const start = this.at
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (!(code >= ZERO && code <= NINE)) return this.at > start
      this.at += 1
    }
  }

  private scanWord(word: string): void {
    if (!this.text.startsWith(word, this.at)) this.fail('Expected a value')
    this.at += word.length
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.at += 1
    }
  }

  private noteUnstorable(part: 'name' | 'value'): void {
    if (this.unstorable.length >= UNSTORABLE_MAX) return
    const pointer = this.pointer(part === 'name' ? this.depth - 1 : this.depth)
    this.unstorable.push({
      pointer,
      detail: `The ${part === 'name' ? 'name of a member' : 'text'} holds \\u0000 or half of a surrogate pair; neither can be stored.`,
    })
  }

  private failOnDuplicate(key: string): never {
    const shown = JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key)
    const detail = `The member ${shown} is there twice.`
    this.path[this.depth - 1] = key.slice(0, 64)
    throw new JsonSyntaxError(detail, [{ pointer: this.pointer(this.depth), detail }])
  }

  private fail(what: string): never {
    const before = this.text.slice(0, this.at)
    const line = before.split('\n').length
    const column = this.at - before.lastIndexOf('\n')
    throw new JsonSyntaxError(`${what} at line ${line}, column ${column}.`)
  }

  private pointer(length: number): string {
    return this.path
      .slice(0, length)
      .map((part) => `/${String(part).slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join('')
  }
}

function isLowSurrogate(code: number | undefined): boolean {
  return code !== undefined && code >= 0xdc00 && code <= 0xdfff
}
