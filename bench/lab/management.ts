import { setTimeout as sleep } from 'node:timers/promises'

export interface WebhookWish {
  readonly url: string
  readonly events: readonly string[]
  readonly secret: string
  readonly concurrency?: number
  readonly schedule?: readonly string[]
  readonly timeoutMs?: number
  readonly enabled?: boolean
}

/** The management routes, as any client uses them: when they ask for a pause, they get it. */
export interface Management {
  createWebhook: (wish: WebhookWish) => Promise<string>
  get: (path: string) => Promise<{ status: number; body: unknown; tookMs: number }>
}

export function openManagement(origin: string, apiKey: string): Management {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  const createWebhook = async (wish: WebhookWish): Promise<string> => {
    const response = await fetch(`${origin}/api/v1/webhooks`, {
      method: 'POST',
      headers,
      body: JSON.stringify(wish),
    })
    const text = await response.text()
    if (response.status === 429 || response.status === 503) {
      await sleep(1_000 * Number(response.headers.get('retry-after') ?? 1))
      return createWebhook(wish)
    }
    if (response.status !== 201) throw new Error(`A webhook was not made: ${response.status} ${text}`)
    return (JSON.parse(text) as { id: string }).id
  }
  return {
    createWebhook,
    async get(path) {
      const beganMs = performance.now()
      const response = await fetch(`${origin}/api/v1${path}`, { headers })
      const body: unknown = await response.json()
      return { status: response.status, body, tookMs: performance.now() - beganMs }
    },
  }
}
