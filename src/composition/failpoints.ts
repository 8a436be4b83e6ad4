/** Where a process can be told to kill itself, so that tests can ask what happens if it dies just there. */
export const FAILPOINTS = [
  'before-commit',
  'after-commit',
  'before-start',
  'after-start',
  'before-post',
  'after-post',
  'before-record',
  'before-alert',
] as const

export type Failpoint = (typeof FAILPOINTS)[number]

/** Kills this process at once if this is the point that was chosen; nothing else, and nothing in production. */
export type Fail = (point: Failpoint) => void

const NEVER: Fail = () => undefined

export function createFail(chosen: string | null): Fail {
  if (chosen === null) return NEVER
  if (!FAILPOINTS.some((point) => point === chosen))
    throw new Error(`FAILPOINT must be one of ${FAILPOINTS.join(', ')}.`)
  return (point) => {
    if (point === chosen) process.kill(process.pid, 'SIGKILL')
  }
}

/** The same function with a point before and one after it. */
export function failingAround<Parameters extends unknown[], Result>(
  work: (...parameters: Parameters) => Promise<Result>,
  fail: Fail,
  { before, after }: { before?: Failpoint; after?: Failpoint },
): (...parameters: Parameters) => Promise<Result> {
  if (fail === NEVER) return work
  return async (...parameters) => {
    if (before !== undefined) fail(before)
    const result = await work(...parameters)
    if (after !== undefined) fail(after)
    return result
  }
}
