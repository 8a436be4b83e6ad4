import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import openapiTypes, { astToString } from 'openapi-typescript'
import type { Plugin } from 'vite'

const DESCRIPTION = new URL('../docs/openapi.json', import.meta.url)
const TYPES = new URL('src/api/schema.d.ts', import.meta.url)

/** Writes the API's types from its description before each build, so that the page cannot lag behind the API. */
export function apiTypes(): Plugin {
  return {
    name: 'api-types',
    async buildStart() {
      if (!existsSync(DESCRIPTION)) return
      const types = astToString(await openapiTypes(DESCRIPTION, { alphabetize: true }))
      const known = existsSync(TYPES) ? await readFile(TYPES, 'utf8') : ''
      if (types !== known) await writeFile(TYPES, types)
    },
  }
}
