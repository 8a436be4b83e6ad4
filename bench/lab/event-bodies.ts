/** What is published: our own events, or another sender's, written by a template. */
export type EventShape =
  | { readonly kind: 'postrider'; readonly type: string; readonly dataBytes: number; readonly batch: number }
  | {
      readonly kind: 'template'
      /** `{{data}}` becomes the JSON of the data, `{{number}}` the number of the event. */
      readonly template: string
      readonly dataBytes: number
      readonly acceptedStatuses: readonly number[]
    }

export interface EventBodies {
  readonly eventsPerRequest: number
  /** The body of the request for the events from `first` on. */
  write: (first: number, publishedMs: number) => string
  isAccepted: (status: number) => boolean
  /** How many deliveries an answer promises; 0 when it does not say. */
  promisedBy: (text: string) => number
}

const ACCEPTED = 202

/** The number and the time travel inside the event, so that any sender's receiver can find them. */
export function eventBodies(shape: EventShape): EventBodies {
  const filler = 'x'.repeat(Math.max(0, shape.dataBytes - 60))
  const dataOf = (number: number, publishedMs: number): string =>
    `{"number":${number},"publishedMs":${publishedMs.toFixed(3)},"filler":"${filler}"}`
  if (shape.kind === 'template') {
    const { template, acceptedStatuses } = shape
    return {
      eventsPerRequest: 1,
      write: (first, publishedMs) =>
        template
          .replaceAll('{{number}}', String(first))
          .replaceAll('{{data}}', () => dataOf(first, publishedMs)),
      isAccepted: (status) => acceptedStatuses.includes(status),
      promisedBy: () => 0,
    }
  }
  const { type, batch } = shape
  const eventOf = (number: number, publishedMs: number): string =>
    `{"type":"${type}","data":${dataOf(number, publishedMs)}}`
  const isAccepted = (status: number): boolean => status === ACCEPTED
  if (batch === 1) return { eventsPerRequest: 1, write: eventOf, isAccepted, promisedBy: readPromise }
  return {
    eventsPerRequest: batch,
    write: (first, publishedMs) =>
      `{"events":[${Array.from({ length: batch }, (_, index) => eventOf(first + index, publishedMs)).join(',')}]}`,
    isAccepted,
    promisedBy: (text) => batch * readPromise(text),
  }
}

/** All events of a batch are of one type, so the first answer tells of the others. */
function readPromise(text: string): number {
  const start = text.indexOf('"deliveries":')
  return start < 0 ? 0 : Number.parseInt(text.slice(start + '"deliveries":'.length), 10)
}
