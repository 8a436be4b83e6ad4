import { Client, Connection } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'

import type { Config } from '../config.ts'
import { callsSettled, TemporalAwayError, withDeadline } from './deadline.ts'
import { pauseMs } from './pause.ts'

export interface TemporalTarget {
  /** `host:port` */
  address: string
  namespace: string
  security: Config['temporalSecurity']
}

/** A way to Temporal that comes back by itself after Temporal was away. */
export interface TemporalLink {
  /** Throws TemporalAwayError as long as there has never been a connection. */
  client: () => Client
  close: () => Promise<void>
}

/** A link whose connection a worker shares; only such a client can start workflows eagerly. */
export interface WorkerLink extends TemporalLink {
  /** Waits for the first connection, however long that takes; rejects only when the link is closed. */
  connection: () => Promise<NativeConnection>
}

/** For processes without a worker. Opens nothing before the first call. */
export function openClientLink({ address, namespace, security }: TemporalTarget): TemporalLink {
  let opened: { client: Client; connection: Connection } | undefined
  return {
    client() {
      if (opened === undefined) {
        const connection = Connection.lazy({ address, ...security })
        opened = { connection, client: new Client({ connection, namespace }) }
      }
      return opened.client
    },
    async close() {
      if (opened === undefined) return
      await callsSettled(opened.connection)
      await opened.connection.close()
    },
  }
}

const RETRY_DELAY_MS = 500
const RETRY_DELAY_MS_MAX = 5_000

/**
 * For processes with a worker. Connects in the background and never gives up: Temporal may come later than we do, and
 * once made the connection mends itself. `onAway` is told of every failed try.
 */
export function openWorkerLink(
  { address, namespace, security }: TemporalTarget,
  onAway: (error: unknown, retryInMs: number) => void,
): WorkerLink {
  const closing = new AbortController()
  let client: Client | undefined
  const connect = async (): Promise<NativeConnection> => {
    for (let delayMs = RETRY_DELAY_MS; ; delayMs = Math.min(delayMs * 2, RETRY_DELAY_MS_MAX)) {
      closing.signal.throwIfAborted()
      try {
        const connection = await NativeConnection.connect({ address, ...security })
        client = new Client({ connection, namespace })
        return connection
      } catch (error) {
        onAway(error, delayMs)
        await pauseMs(delayMs, closing.signal)
      }
    }
  }
  const connecting = connect()
  connecting.catch(() => undefined)
  return {
    connection: async () => connecting,
    client() {
      if (client === undefined) throw new TemporalAwayError(`Temporal at ${address} has not been reached yet`)
      return client
    },
    async close() {
      closing.abort(new TemporalAwayError('The link to Temporal is closed'))
      if (client !== undefined) await (await connecting).close()
    },
  }
}

/** Whether Temporal answers for our namespace, within the deadline of one call. */
export async function isTemporalReady({ client }: Pick<TemporalLink, 'client'>): Promise<boolean> {
  try {
    const { connection, workflowService, options } = client()
    await withDeadline(connection, async () =>
      workflowService.describeNamespace({ namespace: options.namespace }),
    )
    return true
  } catch {
    return false
  }
}
