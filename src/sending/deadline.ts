/** Calls the deadline off. */
export type CancelDeadline = () => void

/**
 * Calls back once `deadlineAt`, a time of `performance.now()`, is reached and what had arrived by then is read.
 * Without the second half a process that was itself held up, by a full event loop or by SIGSTOP, would find its
 * timers due before it looks at its sockets, and would blame endpoints that answered in time.
 */
export function startDeadline(deadlineAt: number, onReached: () => void): CancelDeadline {
  let immediate: NodeJS.Immediate | undefined
  const timer = setTimeout(
    () => {
      immediate = setImmediate(onReached)
    },
    Math.max(0, deadlineAt - performance.now()),
  )
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}
