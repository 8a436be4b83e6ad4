import { spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { LocalRuntimeError } from './local-error.ts'

interface ServerCommand {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly options: Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'>
  /** Each line the server writes. */
  readonly onLine: (line: string) => void
}

/** One more signal and how long it may take before the next, stronger one. */
export interface StopStep {
  readonly signal: NodeJS.Signals
  readonly waitMs: number
}

export interface ServerProcess {
  readonly pid: number
  /** Resolves with words for how the process ended; never rejects. */
  readonly exited: Promise<string>
  /** Sends the signals in turn until the process has ended. */
  stop: (steps: readonly StopStep[]) => Promise<void>
}

/**
 * Starts a server in a process group of its own: a terminal's Ctrl-C reaches our process only, which then stops its
 * servers in order. Throws a LocalRuntimeError when the command cannot be run.
 */
export async function startServerProcess(server: ServerCommand): Promise<ServerProcess> {
  const child = spawn(server.command, server.args, {
    ...server.options,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`)
    })
  })
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', server.onLine)
  try {
    await once(child, 'spawn')
  } catch (cause) {
    throw new LocalRuntimeError(`${server.name} cannot be run: ${String(cause)}`, { cause })
  }
  const { pid } = child
  if (pid === undefined) throw new LocalRuntimeError(`${server.name} cannot be run: it has no process id.`)
  return { pid, exited, stop: async (steps) => stopInTurn(pid, exited, steps) }
}

async function stopInTurn(pid: number, exited: Promise<string>, steps: readonly StopStep[]): Promise<void> {
  for (const { signal, waitMs } of steps) {
    sendSignal(pid, signal)
    if (await endsWithin(exited, waitMs)) return
  }
}

async function endsWithin(exited: Promise<string>, waitMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, waitMs, false)
  void exited.then(() => {
    resolve(true)
  })
  const hasEnded = await promise
  clearTimeout(timer)
  return hasEnded
}

/** Whether the signal could be sent; a process that has gone is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
