import { Pool } from 'undici'

export interface PublishAnswer {
  readonly status: number
  readonly text: string
}

const ANSWER_KEPT_MAX = 4_096

/** Posts bodies to one origin over kept connections; the cheapest client there is for it. */
export class Publisher {
  readonly #pool: Pool
  readonly #path: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: URL, headers: Readonly<Record<string, string>>, connections: number) {
    this.#pool = new Pool(url.origin, {
      connections,
      pipelining: 1,
      headersTimeout: 60_000,
      bodyTimeout: 60_000,
    })
    this.#path = url.pathname + url.search
    this.#headers = headers
  }

  /** Rejects when no answer comes. */
  async post(body: string): Promise<PublishAnswer> {
    return new Promise((resolve, reject) => {
      let status = 0
      let text = ''
      this.#pool.dispatch(
        { path: this.#path, method: 'POST', headers: this.#headers, body },
        {
          onRequestStart: () => undefined,
          onResponseStart: (_, statusCode) => {
            status = statusCode
          },
          onResponseData: (_, chunk) => {
            if (text.length < ANSWER_KEPT_MAX) text += chunk.toString('latin1')
          },
          onResponseEnd: () => {
            resolve({ status, text })
          },
          onResponseError: (_, error) => {
            reject(error)
          },
        },
      )
    })
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}
