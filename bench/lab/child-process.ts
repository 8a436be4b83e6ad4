import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type { Answer, Call, Calls, Notice } from './child-calls.ts'

/** The calls of a child, as its parent makes them. */
type Remote<C extends Calls> = {
  readonly [K in keyof C]: (...parameters: Parameters<C[K]>) => Promise<Awaited<ReturnType<C[K]>>>
}

export interface Child<C extends Calls> {
  readonly pid: number
  readonly calls: Remote<C>
  onNotice: (listener: (notice: Notice) => void) => void
  stop: () => Promise<void>
}

/** Starts a module of the benches in a process of its own; it answers calls over the channel between the two. */
export function forkChild<C extends Calls>(url: URL): Child<C> {
  const child = fork(fileURLToPath(url), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const listeners: ((notice: Notice) => void)[] = []
  let lastId = 0
  child.on('message', (message: Answer | Notice) => {
    if ('notice' in message) for (const listener of listeners) listener(message)
    else settle(waiting, message)
  })
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values())
      reject(new Error(`A process of the bench ended (${signal ?? code ?? 'unknown'}).`))
  })
  const call = async (method: string, parameter: unknown): Promise<unknown> => {
    lastId += 1
    const pending = Promise.withResolvers<unknown>()
    waiting.set(lastId, pending)
    child.send({ id: lastId, method, parameter } satisfies Call)
    return pending.promise
  }
  return {
    pid: child.pid ?? 0,
    calls: new Proxy({} as Remote<C>, {
      get: (_, method) => (parameter: unknown) => call(String(method), parameter),
    }),
    onNotice: (listener) => listeners.push(listener),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      // Whoever stops a child waits for no more answers.
      waiting.clear()
      child.kill('SIGKILL')
      await ended
    },
  }
}

function settle(waiting: Map<number, PromiseWithResolvers<unknown>>, answer: Answer): void {
  const pending = waiting.get(answer.id)
  waiting.delete(answer.id)
  if ('error' in answer) pending?.reject(new Error(answer.error))
  else pending?.resolve(answer.result)
}
