/** The calls that a child process answers; each takes one value that can be cloned and answers another. */
export type Calls = Readonly<Record<string, (parameter: never) => unknown>>

/** Something the child says unasked. */
export interface Notice {
  readonly notice: string
  readonly value: number
}

export interface Call {
  readonly id: number
  readonly method: string
  readonly parameter: unknown
}

export type Answer =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string }

/** The child's side: answers calls until the parent hangs up, then ends. */
export function answerCalls(calls: Calls): void {
  process.on('message', (message: Call) => {
    void answer(calls, message).then((reply) => process.send?.(reply))
  })
  process.once('disconnect', () => process.exit(0))
}

export function sendNotice(notice: string, value: number): void {
  process.send?.({ notice, value } satisfies Notice)
}

async function answer(calls: Calls, { id, method, parameter }: Call): Promise<Answer> {
  try {
    const call = calls[method]
    if (call === undefined) throw new Error(`There is no call ${method}.`)
    return { id, result: await call(parameter as never) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
