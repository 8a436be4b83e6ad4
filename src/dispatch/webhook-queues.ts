/** One turn of so many is for webhooks that are not known to answer fast. */
const TURNS = 4

/**
 * Queues by webhook, served in turn, so that one webhook's backlog stands in nobody's way; those that answer fast have
 * most of the turns.
 */
export class WebhookQueues<Item extends { webhookId: string }> {
  readonly #queues = new Map<string, Item[]>()
  /** Webhooks in the order of their next turn. */
  readonly #quick = new Set<string>()
  readonly #others = new Set<string>()
  readonly #isQuick: (webhookId: string) => boolean
  #size = 0
  #turns = 0

  constructor(isQuick: (webhookId: string) => boolean) {
    this.#isQuick = isQuick
  }

  get size(): number {
    return this.#size
  }

  lengthOf(webhookId: string): number {
    return this.#queues.get(webhookId)?.length ?? 0
  }

  add(item: Item): void {
    const queue = this.#queues.get(item.webhookId)
    if (queue === undefined) this.#queues.set(item.webhookId, [item])
    else queue.push(item)
    this.#enlist(item.webhookId)
    this.#size += 1
  }

  /** A webhook that was set aside may have its turn again. */
  wake(webhookId: string): void {
    if (this.#queues.has(webhookId)) this.#enlist(webhookId)
  }

  /**
   * The first item of the webhook whose turn it is. `mayGo` says whether that one may be taken; if not, its webhook is
   * set aside until it is woken. Undefined when nothing can be taken.
   */
  take(mayGo: (item: Item) => boolean): Item | undefined {
    this.#turns += 1
    const order = this.#turns % TURNS === 0 ? [this.#others, this.#quick] : [this.#quick, this.#others]
    for (const ready of order) {
      const item = this.#takeFrom(ready, mayGo)
      if (item !== undefined) return item
    }
    return undefined
  }

  #takeFrom(ready: Set<string>, mayGo: (item: Item) => boolean): Item | undefined {
    for (const webhookId of ready) {
      ready.delete(webhookId)
      const queue = this.#queues.get(webhookId)
      const [item] = queue ?? []
      if (queue === undefined || item === undefined || !mayGo(item)) continue
      queue.shift()
      this.#size -= 1
      if (queue.length === 0) this.#queues.delete(webhookId)
      else this.#enlist(webhookId)
      return item
    }
    return undefined
  }

  #enlist(webhookId: string): void {
    if (this.#quick.has(webhookId) || this.#others.has(webhookId)) return
    const ready = this.#isQuick(webhookId) ? this.#quick : this.#others
    ready.add(webhookId)
  }

  /** Takes the last ones of every webhook that has more than `roomFor` says, given its next item; answers them. */
  shed(roomFor: (item: Item) => number): Item[] {
    const shed: Item[] = []
    for (const [webhookId, queue] of this.#queues) {
      const [next] = queue
      if (next === undefined) continue
      shed.push(...queue.splice(Math.max(0, roomFor(next))))
      if (queue.length > 0) continue
      this.#queues.delete(webhookId)
      this.#quick.delete(webhookId)
      this.#others.delete(webhookId)
    }
    this.#size -= shed.length
    return shed
  }

  /** Empties everything and answers what was left. */
  drain(): Item[] {
    const left = [...this.#queues.values()].flat()
    this.#queues.clear()
    this.#quick.clear()
    this.#others.clear()
    this.#size = 0
    return left
  }
}
