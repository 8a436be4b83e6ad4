import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** What a proxy does with traffic: pass it on, refuse it with a reset, or swallow it. */
export type ProxyMode = 'pass' | 'reset' | 'swallow'

/** A TCP proxy on loopback whose behaviour a test changes while it runs. */
export async function startTcpProxy(target: { host: string; port: number }) {
  let mode: ProxyMode = 'pass'
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    sockets.add(client)
    client.on('close', () => sockets.delete(client))
    client.on('error', () => undefined)
    if (mode === 'reset') {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(target)
    sockets.add(upstream)
    upstream.on('close', () => {
      sockets.delete(upstream)
      client.destroy()
    })
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
    // Swallowed bytes are gone for good: the connection is never usable again, as behind a broken link.
    client.on('data', (chunk) => {
      if (mode === 'pass') upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (mode === 'pass') client.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    /** `reset` and a return to `pass` end every connection there is; `swallow` leaves them hanging. */
    set(next: ProxyMode) {
      mode = next
      if (next === 'reset') for (const socket of sockets) socket.resetAndDestroy()
      if (next === 'pass') for (const socket of sockets) socket.destroy()
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        for (const socket of sockets) socket.destroy()
      }),
  }
}

export type TcpProxy = Awaited<ReturnType<typeof startTcpProxy>>
