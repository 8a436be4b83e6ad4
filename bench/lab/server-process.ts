import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ServerProgram {
  readonly name: string
  /** Arguments of Node: its own flags, then the program. */
  readonly arguments: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
  /** Answers 200 once it is ready; null when there is nothing to ask. */
  readonly readyUrl: string | null
}

export interface ServerProcess {
  readonly pid: number
  /** SIGTERM, and SIGKILL after a while. */
  stop: () => Promise<void>
  /** SIGKILL at once. */
  kill: () => Promise<void>
}

const READY_WAIT_MS = 60_000
const READY_RETRY_MS = 30
const STOP_WAIT_MS = 60_000

/** Node's own flags for a processor profile, written when the process ends. */
export function profileFlags(directory: string | null): string[] {
  return directory === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`]
}

/** Starts a program under the same Node and resolves when it is ready. Its words go to a file. */
export async function startProgram(program: ServerProgram): Promise<ServerProcess> {
  const log = openSync(program.logFile, 'a')
  const child = spawn(process.execPath, [...program.arguments], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...program.env },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  await once(child, 'spawn')
  if (program.readyUrl !== null) await untilReady(program, child, program.readyUrl)
  return {
    pid: child.pid ?? 0,
    stop: async () => end(child, 'SIGTERM'),
    kill: async () => end(child, 'SIGKILL'),
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return
  const ended = once(child, 'exit')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WAIT_MS)
  await ended
  clearTimeout(timer)
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

async function untilReady({ name, logFile }: ServerProgram, child: ChildProcess, url: string): Promise<void> {
  const deadlineMs = performance.now() + READY_WAIT_MS
  while (!(await answers(url))) {
    if (hasEnded(child) || performance.now() > deadlineMs) {
      child.kill('SIGKILL')
      throw new Error(
        `${name} did not become ready. Its last words:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`,
      )
    }
    await sleep(READY_RETRY_MS)
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}
