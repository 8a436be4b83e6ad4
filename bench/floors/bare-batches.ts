interface Waiting<T> {
  readonly item: T
  readonly done: PromiseWithResolvers<undefined>
}

/** Collects what comes while one batch is under way, or for `holdMs`, and runs it in one go. */
export function createBatches<T>(
  run: (items: readonly T[]) => Promise<unknown>,
  { itemsMax, holdMs }: { readonly itemsMax: number; readonly holdMs: number },
): (item: T) => Promise<undefined> {
  let queue: Waiting<T>[] = []
  let isBusy = false
  const plan = (): void => {
    if (isBusy || queue.length === 0) return
    isBusy = true
    if (holdMs > 0) setTimeout(() => void flush(), holdMs)
    else setImmediate(() => void flush())
  }
  const flush = async (): Promise<void> => {
    const batch = queue.slice(0, itemsMax)
    queue = queue.slice(itemsMax)
    try {
      await run(batch.map(({ item }) => item))
      for (const { done } of batch) done.resolve(undefined)
    } catch (error) {
      for (const { done } of batch) done.reject(error)
    }
    isBusy = false
    plan()
  }
  return async (item) => {
    const done = Promise.withResolvers<undefined>()
    queue.push({ item, done })
    plan()
    return done.promise
  }
}
