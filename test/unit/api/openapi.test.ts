import { readFile } from 'node:fs/promises'

import { describe, expect, it } from 'vitest'

import { describeApi } from '../../../src/api/description.ts'

const ROOT = new URL('../../../', import.meta.url)

describe('the API’s description', () => {
  it('is committed as it is: `npm run openapi` writes it', async () => {
    const { version } = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')) as {
      version: string
    }
    const committed = await readFile(new URL('docs/openapi.json', ROOT), 'utf8')
    expect(await describeApi(version)).toBe(committed)
  })

  it('names every model once, and every operation by itself', async () => {
    const document = JSON.parse(await describeApi('0.0.0')) as {
      components: { schemas: Record<string, unknown> }
      paths: Record<string, Record<string, { operationId?: string; tags?: string[] }>>
    }
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item))
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(operations.every(({ tags }) => tags?.length === 1)).toBe(true)
    expect(Object.keys(document.components.schemas).filter((name) => /^(def-|Model)\d/.test(name))).toEqual(
      [],
    )
  })
})
