import type { Connection } from './connection.ts'

/** Idle connections, waiting for the next request to their origin. */
export interface ConnectionPool {
  /** The most recently used one to this origin, or null. */
  take(origin: string): Connection | null
  /** Keeps a connection for later if it is still usable, ending the longest unused one when there are too many. */
  put(connection: Connection): void
  /** Ends all idle connections; later ones are ended when they are put back. */
  close(): void
}

export function createConnectionPool(limits: {
  idleConnections: number
  idleConnectionsPerOrigin: number
}): ConnectionPool {
  const byOrigin = new Map<string, Connection[]>()
  /** All of them, the longest unused first. */
  const byAge = new Set<Connection>()
  const watched = new WeakSet<Connection>()
  let isClosed = false

  function forget(connection: Connection): void {
    if (!byAge.delete(connection)) return
    const siblings = byOrigin.get(connection.origin)
    const index = siblings?.lastIndexOf(connection) ?? -1
    if (siblings === undefined || index === -1) return
    siblings.splice(index, 1)
    if (siblings.length === 0) byOrigin.delete(connection.origin)
  }

  function evict(connection: Connection | undefined): void {
    if (connection === undefined) return
    forget(connection)
    connection.destroy()
  }

  function watch(connection: Connection): void {
    if (watched.has(connection)) return
    watched.add(connection)
    connection.onClose(() => {
      forget(connection)
    })
  }

  return {
    take(origin) {
      for (;;) {
        const connection = byOrigin.get(origin)?.at(-1)
        if (connection === undefined) return null
        forget(connection)
        if (connection.isUsable()) return connection
      }
    },
    put(connection) {
      if (!connection.isUsable()) return
      if (isClosed) {
        connection.destroy()
        return
      }
      watch(connection)
      const siblings = byOrigin.get(connection.origin) ?? []
      byOrigin.set(connection.origin, siblings)
      siblings.push(connection)
      byAge.add(connection)
      if (siblings.length > limits.idleConnectionsPerOrigin) evict(siblings[0])
      if (byAge.size > limits.idleConnections) evict(byAge.values().next().value)
    },
    close() {
      isClosed = true
      for (const connection of [...byAge]) evict(connection)
    },
  }
}
