/** Adds one item to the batch that is being collected; settles with that item's own result. */
export type Grouped<Item, Result> = (item: Item) => Promise<Result>

export interface GroupCommitOptions<Item> {
  /** How much of a batch one item fills. */
  sizeOf: (item: Item) => number
  sizeMax: number
  /** How many batches may be under way at once. */
  lanes: number
  /** How long a batch is held open for more, in milliseconds; 0 collects only while all lanes are taken. */
  holdMs: number
  /** Two items with the same key never share a batch, though they may be under way at once; null shares with all. */
  keyOf?: (item: Item) => string | null
}

interface Waiting<Item, Result> {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/**
 * While the lanes are taken the next batch collects, so a lone caller waits for nobody and many callers share one
 * statement. When a batch fails and `isCulprit` says that the data may be at fault, it is halved until only the
 * culprit gets its error.
 */
export function createGroupCommit<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  isCulprit: (error: unknown) => boolean,
  options: GroupCommitOptions<Item>,
): Grouped<Item, Result> {
  let queue: Waiting<Item, Result>[] = []
  let busy = 0
  let isPlanned = false

  function plan(): void {
    if (busy === options.lanes || isPlanned || queue.length === 0) return
    isPlanned = true
    if (options.holdMs > 0) setTimeout(() => void flush(), options.holdMs)
    else setImmediate(() => void flush())
  }

  async function flush(): Promise<void> {
    isPlanned = false
    busy += 1
    const { batch, rest } = splitBatch(queue, options)
    queue = rest
    plan()
    await settle(batch)
    busy -= 1
    plan()
  }

  async function settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await run(batch.map(({ item }) => item))
      for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as Result)
    } catch (error) {
      if (batch.length === 1 || !isCulprit(error)) {
        for (const waiting of batch) waiting.reject(error)
        return
      }
      const middle = Math.ceil(batch.length / 2)
      await settle(batch.slice(0, middle))
      await settle(batch.slice(middle))
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject })
      plan()
    })
}

/** The first items that fit one batch, at least one; those that must not share it stay behind, in order. */
function splitBatch<Item, Result>(
  queue: Waiting<Item, Result>[],
  { sizeOf, sizeMax, keyOf }: GroupCommitOptions<Item>,
): { batch: Waiting<Item, Result>[]; rest: Waiting<Item, Result>[] } {
  const batch: Waiting<Item, Result>[] = []
  const rest: Waiting<Item, Result>[] = []
  const keys = new Set<string>()
  let size = 0
  for (const [index, waiting] of queue.entries()) {
    const itemSize = sizeOf(waiting.item)
    if (batch.length > 0 && size + itemSize > sizeMax) {
      rest.push(...queue.slice(index))
      break
    }
    const key = keyOf?.(waiting.item) ?? null
    if (key !== null && keys.has(key)) {
      rest.push(waiting)
      continue
    }
    if (key !== null) keys.add(key)
    size += itemSize
    batch.push(waiting)
  }
  return { batch, rest }
}
