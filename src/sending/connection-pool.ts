import type { Connection } from './connection.ts'

interface PoolLimits {
  idleConnections: number
  idleConnectionsPerOrigin: number
}

/** Idle connections, waiting for the next request to their origin. */
export class ConnectionPool {
  readonly #limits: PoolLimits
  readonly #byOrigin = new Map<string, Connection[]>()
  /** All of them, the longest unused first. */
  readonly #byAge = new Set<Connection>()
  readonly #watched = new WeakSet<Connection>()
  #isClosed = false

  constructor(limits: PoolLimits) {
    this.#limits = limits
  }

  /** The most recently used connection to this origin, or null. */
  take(origin: string): Connection | null {
    for (;;) {
      const connection = this.#byOrigin.get(origin)?.at(-1)
      if (connection === undefined) return null
      this.#forget(connection)
      if (connection.isUsable()) return connection
    }
  }

  /** Keeps a connection for later if it is still usable, ending the longest unused one when there are too many. */
  put(connection: Connection): void {
    if (!connection.isUsable()) return
    if (this.#isClosed) {
      connection.destroy()
      return
    }
    this.#watch(connection)
    const siblings = this.#byOrigin.get(connection.origin) ?? []
    this.#byOrigin.set(connection.origin, siblings)
    siblings.push(connection)
    this.#byAge.add(connection)
    if (siblings.length > this.#limits.idleConnectionsPerOrigin) this.#end(siblings[0])
    if (this.#byAge.size > this.#limits.idleConnections) this.#end(this.#byAge.values().next().value)
  }

  /** Ends all idle connections; later ones are ended when they are put back. */
  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#byAge]) this.#end(connection)
  }

  #end(connection: Connection | undefined): void {
    if (connection === undefined) return
    this.#forget(connection)
    connection.destroy()
  }

  /** Drops a connection when the other side closes it or its idle time is over. */
  #watch(connection: Connection): void {
    if (this.#watched.has(connection)) return
    this.#watched.add(connection)
    connection.onClose(() => this.#forget(connection))
  }

  #forget(connection: Connection): void {
    if (!this.#byAge.delete(connection)) return
    const siblings = this.#byOrigin.get(connection.origin)
    const index = siblings?.lastIndexOf(connection) ?? -1
    if (siblings === undefined || index === -1) return
    siblings.splice(index, 1)
    if (siblings.length === 0) this.#byOrigin.delete(connection.origin)
  }
}
