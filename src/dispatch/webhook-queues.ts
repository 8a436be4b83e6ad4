/** Queues by webhook, served in turn, so that one webhook's backlog stands in nobody's way. */
export class WebhookQueues<Item extends { webhookId: string }> {
  readonly #queues = new Map<string, Item[]>()
  /** Webhooks in the order of their next turn. */
  readonly #ready = new Set<string>()
  #size = 0

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
    this.#ready.add(item.webhookId)
    this.#size += 1
  }

  /** A webhook that was set aside may have its turn again. */
  wake(webhookId: string): void {
    if (this.#queues.has(webhookId)) this.#ready.add(webhookId)
  }

  /**
   * The first item of the webhook whose turn it is. `mayGo` says whether that one may be taken; if not, its webhook is
   * set aside until it is woken. Undefined when nothing can be taken.
   */
  take(mayGo: (item: Item) => boolean): Item | undefined {
    for (const webhookId of this.#ready) {
      this.#ready.delete(webhookId)
      const queue = this.#queues.get(webhookId)
      const [item] = queue ?? []
      if (queue === undefined || item === undefined || !mayGo(item)) continue
      queue.shift()
      this.#size -= 1
      if (queue.length === 0) this.#queues.delete(webhookId)
      else this.#ready.add(webhookId)
      return item
    }
    return undefined
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
      this.#ready.delete(webhookId)
    }
    this.#size -= shed.length
    return shed
  }

  /** Empties everything and answers what was left. */
  drain(): Item[] {
    const left = [...this.#queues.values()].flat()
    this.#queues.clear()
    this.#ready.clear()
    this.#size = 0
    return left
  }
}
