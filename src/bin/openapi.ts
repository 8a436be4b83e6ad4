import { readFile, writeFile } from 'node:fs/promises'

import { describeApi } from '../api/description.ts'

/** Writes docs/openapi.json, from which the settings page's types are made. */
const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
await writeFile(new URL('../../docs/openapi.json', import.meta.url), await describeApi(version))
