import { once } from 'node:events'
import { createServer } from 'node:net'

/** Whether the port can be listened on at this address, now. */
export async function isPortFree(host: string, port: number): Promise<boolean> {
  return (await listenOnce(host, port)) !== undefined
}

/** A port that nobody listened on a moment ago. */
export async function findFreePort(host: string): Promise<number> {
  const port = await listenOnce(host, 0)
  if (port === undefined) throw new Error(`No port is free at ${host}`)
  return port
}

async function listenOnce(host: string, port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    const address = server.address()
    return address === null || typeof address === 'string' ? undefined : address.port
  } catch {
    return undefined
  } finally {
    server.close()
  }
}
