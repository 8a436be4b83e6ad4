import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { SCOPES } from '../../../src/domain/scopes.ts'
import { startTestApi, type TestApi } from '../../support/api.ts'
import { type GeneratedRequest, requestArbitrary } from '../../support/requests.ts'

const REQUESTS = 10_000
const WARM_UP = 1_500
const AT_ONCE = 16
/** So many keys that the limit per key is never met. */
const KEYS = 60
const HEAP_GROWTH_BYTES_MAX = 32 * 1024 * 1024

it(
  'answers ten thousand requests, valid and broken, by its own description and never by a 5xx',
  { timeout: 300_000 },
  async () => {
    await using api = await startTestApi()
    const keys = await Promise.all(Array.from({ length: KEYS }, () => api.createKey(SCOPES)))
    const requests = requestArbitrary(api.document, await createObjects(api))
    const seed = Date.now()

    await run(api, keys, fc.sample(requests, { numRuns: WARM_UP, seed: seed + 1 }))
    const before = heapBytes()
    const statuses = await run(api, keys, fc.sample(requests, { numRuns: REQUESTS, seed }))
    const growth = heapBytes() - before

    expect(
      [...statuses.keys()].filter((status) => status >= 500),
      `seed ${seed}`,
    ).toEqual([])
    // The generator is no use if everything it makes is refused.
    const successes = [...statuses]
      .filter(([status]) => status < 300)
      .reduce((sum, [, count]) => sum + count, 0)
    expect(successes).toBeGreaterThan(REQUESTS / 10)
    expect(growth).toBeLessThan(HEAP_GROWTH_BYTES_MAX)
    expect((await api.call('GET', '/healthz')).status).toBe(200)
  },
)

/** Something of each kind, so that ids name something now and then. */
async function createObjects(api: TestApi): Promise<string[]> {
  const webhooks = await Promise.all(
    Array.from({ length: 4 }, () =>
      api.call('POST', '/api/v1/webhooks', { body: { url: 'http://127.0.0.1:9/', events: ['*'] } }),
    ),
  )
  const event = await api.call('POST', '/api/v1/events', { body: { type: 'task.created', data: { a: 1 } } })
  const { id: workspaceId } = await api.createTenant()
  const deliveries = await api.call('GET', '/api/v1/deliveries')
  const all = [
    ...webhooks.map(({ body }) => body),
    event.body,
    ...(deliveries.body['data'] as { id: string }[]),
  ]
  return [workspaceId, ...all.map(({ id }) => String(id))]
}

async function run(
  api: TestApi,
  keys: readonly string[],
  requests: readonly GeneratedRequest[],
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  let next = 0
  async function work(): Promise<void> {
    for (let index = next++; index < requests.length; index = next++) {
      const { operation, path, body, headers } = requests[index] as GeneratedRequest
      const { status } = await api
        .call(operation.method, path, {
          key: keys[index % keys.length] ?? null,
          headers,
          ...(body === null ? {} : { raw: body }),
        })
        .catch((cause: unknown) => {
          throw new Error(`${operation.method} ${path} ${String(body)}`, { cause })
        })
      expect(status, `${operation.method} ${path} ${String(body)}`).toBeLessThan(500)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return statuses
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
