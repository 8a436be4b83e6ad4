import { setTimeout as sleep } from 'node:timers/promises'

/** A server of our own: its process, and two ways to end it. */
export interface LocalServer {
  readonly pid: number
  readonly exited: Promise<string>
  /** In order, within some seconds. */
  stop: () => Promise<void>
  /** At once, losing nothing that was acknowledged. */
  kill: () => Promise<void>
}

const RESTART_DELAY_MS = 250
const RESTART_DELAY_MS_MAX = 10_000

/**
 * Starts a server and starts it again whenever it ends without being told to: the service waits meanwhile, as it does
 * in production. Rejects only when the first start fails. `stopping` ends the watch without ending the server.
 */
export async function keepServer<S extends LocalServer>(
  name: string,
  start: () => Promise<S>,
  onTrouble: (message: string) => void,
  stopping: AbortSignal,
): Promise<{ server: S; stop: () => Promise<void>; kill: () => Promise<void> }> {
  const closing = new AbortController()
  const over = AbortSignal.any([closing.signal, stopping])
  const server = await start()
  let current = server
  const watch = async (): Promise<void> => {
    for (;;) {
      const reason = await current.exited
      over.throwIfAborted()
      onTrouble(`${name} ended (${reason}) and is started again.`)
      current = await startAgain(start, onTrouble, over)
      // Told to stop while it was coming up: whoever waits for this watch ends the new process, too.
      over.throwIfAborted()
    }
  }
  const watching = watch().catch(() => undefined)
  const endBy = async (way: 'stop' | 'kill'): Promise<void> => {
    closing.abort()
    await current[way]()
    await watching
    // A restart that was under way has made a newer process meanwhile.
    await current[way]()
  }
  return { server, stop: async () => endBy('stop'), kill: async () => endBy('kill') }
}

async function startAgain<S>(
  start: () => Promise<S>,
  onTrouble: (message: string) => void,
  over: AbortSignal,
): Promise<S> {
  for (let delayMs = RESTART_DELAY_MS; ; delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS_MAX)) {
    await sleep(delayMs, undefined, { signal: over })
    try {
      return await start()
    } catch (error) {
      onTrouble(error instanceof Error ? error.message : String(error))
    }
  }
}
