/** The text of a JSON value exactly as it was sent. It stands in the parsed body where the value would. */
export class RawJson {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
