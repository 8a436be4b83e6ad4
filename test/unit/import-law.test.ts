import { resolve } from 'node:path'
import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, it } from 'vitest'
import { importLaw } from '../../lint/import-law.ts'
import { LAYERS } from '../../lint/layers.ts'

const ROOT = resolve(import.meta.dirname, '../..')

const eslint = new ESLint({
  cwd: ROOT,
  overrideConfigFile: true,
  overrideConfig: [
    {
      files: ['**/*.ts'],
      languageOptions: { parser: tseslint.parser },
      plugins: { law: importLaw },
      rules: { 'law/layers': 'error', 'law/no-cycle': 'error' },
    },
  ],
})

/** The law's complaints about a file at `path` with this text; the file need not exist. */
async function complaints(path: string, text: string): Promise<string[]> {
  const results = await eslint.lintText(text, {
    filePath: resolve(ROOT, path),
  })
  return results.flatMap((result) => result.messages.map((message) => message.message))
}

const FORBIDDEN: [layer: string, path: string, text: string][] = [
  ['domain', 'src/domain/x.ts', "import { randomUUID } from 'node:crypto'"],
  ['sending', 'src/sending/x.ts', "import { findDelivery } from '../db/deliveries.ts'"],
  ['secrets', 'src/secrets/x.ts', "import { findSecret } from '../db/secrets.ts'"],
  ['db', 'src/db/x.ts', "import { publish } from '../usecases/publish.ts'"],
  ['usecases', 'src/usecases/x.ts', "import { post } from '../sending/request.ts'"],
  ['temporal', 'src/temporal/x.ts', "import { deliver } from '../../workflows/deliver.ts'"],
  ['dispatch', 'src/dispatch/x.ts', "import { start } from '../temporal/starter.ts'"],
  ['alerts', 'src/alerts/x.ts', "import type { App } from '../api/app.ts'"],
  ['api', 'src/api/routes/x.ts', "import { findDelivery } from '../../db/deliveries.ts'"],
  ['contract', 'workflows/contract.ts', "import type { Activities } from '../activities/index.ts'"],
  ['workflows', 'workflows/x.ts', "import { createActivities } from '../activities/index.ts'"],
  ['activities', 'activities/x.ts', "import { deliver } from '../workflows/deliver.ts'"],
  ['migrations', 'migrations/x.ts', "import { Webhook } from '../src/db/schema.ts'"],
  ['config', 'src/config.ts', "import { connect } from './db/database.ts'"],
]

const ALLOWED: [path: string, text: string][] = [
  ['src/domain/x.ts', "import { judge } from './verdict.ts'"],
  ['src/sending/x.ts', "import { createHmac } from 'node:crypto'"],
  ['src/usecases/x.ts', "import type { Signed } from '../sending/signature.ts'"],
  ['src/api/routes/x.ts', "import { type Row } from '../../db/schema.ts'"],
  ['src/temporal/x.ts', "import { TASK_QUEUE } from '../../workflows/contract.ts'"],
  ['workflows/x.ts', "import type { Activities } from '../activities/index.ts'"],
  ['workflows/x.ts', "import { sleep } from '@temporalio/workflow'"],
  ['src/bin/x.ts', "import { startLocal } from '../local/start.ts'"],
  ['test/unit/x.test.ts', "import { post } from '../../src/sending/request.ts'"],
]

describe('the import law', () => {
  it.each(FORBIDDEN)(
    'answers a forbidden import in %s with the lesson of that folder',
    async (layer, path, text) => {
      const [complaint, ...others] = await complaints(path, text)

      expect(complaint).toMatch(/may (not import|import only types from) \S+/)
      expect(complaint).toContain(LAYERS[layer]?.lesson)
      expect(others).toEqual([])
    },
  )

  it('has such an example for every folder but the composition roots', () => {
    const covered = FORBIDDEN.map(([layer]) => layer)

    expect(covered).toEqual(Object.keys(LAYERS).filter((layer) => LAYERS[layer]?.imports !== 'everything'))
  })

  it.each(ALLOWED)('lets %s write: %s', async (path, text) => {
    expect(await complaints(path, text)).toEqual([])
  })

  it('tells an import of types from one of values', async () => {
    const value = await complaints('src/api/x.ts', "import { Row } from '../db/schema.ts'")
    const type = await complaints('src/api/x.ts', "import type { Row } from '../db/schema.ts'")

    expect(value).toEqual([expect.stringContaining('import only types from ../db/schema.ts')])
    expect(type).toEqual([])
  })

  it('sees dynamic imports and re-exports too', async () => {
    expect(await complaints('src/domain/x.ts', "export const x = import('../db/schema.ts')")).toHaveLength(1)
    expect(await complaints('src/domain/x.ts', "export { Row } from '../db/schema.ts'")).toHaveLength(1)
  })

  it('keeps Node and other packages out of the sandbox of workflows', async () => {
    const [ofNode] = await complaints('workflows/x.ts', "import { readFile } from 'node:fs/promises'")
    const [ofClient] = await complaints('workflows/x.ts', "import { Client } from '@temporalio/client'")

    expect(ofNode).toContain('may not import node:fs/promises')
    expect(ofClient).toContain('may not import @temporalio/client')
  })

  it('lets nothing import what is run', async () => {
    const text = "import { main } from '../bin/api.ts'"

    expect(await complaints('src/api/x.ts', text)).toEqual([
      expect.stringContaining(LAYERS['bin']?.lesson ?? ''),
    ])
    expect(await complaints('src/local/x.ts', text)).toHaveLength(1)
  })

  it('lets only places that put parts together import each other', async () => {
    const text = "import { openCore } from '../composition/core.ts'"

    expect(await complaints('src/usecases/x.ts', text)).toEqual([
      expect.stringContaining(LAYERS['composition']?.lesson ?? ''),
    ])
    expect(await complaints('src/local/x.ts', text)).toEqual([])
  })

  it('asks for a row when a folder has none', async () => {
    const [complaint] = await complaints('src/misc/x.ts', "import { judge } from '../domain/verdict.ts'")

    expect(complaint).toContain('give its folder a row in lint/layers.ts')
  })

  it('refuses a circle of files, one of types included', async () => {
    const found = await complaints('lint/layers.ts', "import type { importLaw } from './import-law.ts'")

    expect(found).toEqual([expect.stringContaining('lint/import-law.ts → lint/layers.ts')])
  })
})
