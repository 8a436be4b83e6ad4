import { sendSignal } from '../../src/local/server-process.ts'

const running = new Map<number, NodeJS.Signals>()
let isListening = false

/**
 * Sees to it that a server in a process group of its own does not outlive the bench when that is interrupted or fails
 * before it could stop it. A process killed with -9 can do nothing of the kind.
 */
export function endWithBench(
  { pid, exited }: { readonly pid: number; readonly exited: Promise<unknown> },
  signal: NodeJS.Signals,
): void {
  listen()
  running.set(pid, signal)
  // Its number may soon belong to another process.
  void exited.then(() => running.delete(pid))
}

function listen(): void {
  if (isListening) return
  isListening = true
  process.once('exit', () => {
    for (const [pid, signal] of running) sendSignal(pid, signal)
  })
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
}
