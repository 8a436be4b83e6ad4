import { createHmac, createSecretKey } from 'node:crypto'

import { Pool } from 'undici'

import type { BareDelivery, BareResult } from './bare-store.ts'

export interface BareSenderOptions {
  readonly origin: string
  readonly secret: string
  readonly connections: number
}

/** One POST with all three signatures; the key is made once, which is what makes signing cheap. */
export function createBareSender({
  origin,
  secret,
  connections,
}: BareSenderOptions): (delivery: BareDelivery) => Promise<BareResult> {
  const key = createSecretKey(Buffer.from(secret))
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const hmac = (text: string, encoding: 'hex' | 'base64'): string =>
    createHmac('sha256', key).update(text).digest(encoding)

  return async ({ id, eventId, type, data, path }) => {
    const beganMs = performance.now()
    const now = new Date()
    const seconds = Math.floor(now.getTime() / 1_000)
    const open = `{"id":"${eventId}","deliveryId":"${id}","eventType":"${type}","timestamp":"${now.toISOString()}","workflowId":"delivery-${id}","data":${data}`
    const body = `${open},"signature":"t=${seconds},v1=${hmac(`${seconds}.${open}}`, 'hex')}"}`
    const headers = {
      'content-type': 'application/json',
      'x-webhook-id': id,
      'x-webhook-signature': `t=${seconds},v1=${hmac(`${seconds}.${body}`, 'hex')}`,
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${hmac(`${id}.${seconds}.${body}`, 'base64')}`,
    }
    const status = await post(pool, path, headers, body)
    return { id, status, tookMs: Math.round(performance.now() - beganMs) }
  }
}

async function post(
  pool: Pool,
  path: string,
  headers: Record<string, string>,
  body: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0
    pool.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, statusCode) => {
          status = statusCode
        },
        onResponseData: () => undefined,
        onResponseEnd: () => {
          resolve(status)
        },
        onResponseError: (_, error) => {
          reject(error)
        },
      },
    )
  })
}
