import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { buildWorkflowBundle, loadWorkflowBundle } from '../../src/temporal/bundle.ts'

const ROOT = join(import.meta.dirname, '..', '..', '/')

let code: string
let directory: string

beforeAll(async () => {
  code = (await buildWorkflowBundle()).code
  directory = await mkdtemp(join(tmpdir(), 'postrider-bundle-'))
})

afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

const OURS = /^(workflows|src\/domain)\/[a-z-]+\.(ts|cjs)$/
const SDKS = /^node_modules\/(@temporalio\/(workflow|common|worker)|nexus-rpc|long|ms)\//
const BUNDLERS = /^(webpack\/|ignored\|)/

it('The workflows’ code holds the workflows, the domain and the SDK, and nothing else', () => {
  const sources = sourcesOf(code)
  expect(sources).toContain('workflows/deliver.ts')
  expect(sources.filter((source) => ![OURS, SDKS, BUNDLERS].some((known) => known.test(source)))).toEqual([])
})

it('The workflows’ code asks for no module of Node', () => {
  const asked = [...code.matchAll(/require\(['"](?:node:)?([a-z_/]+)['"]\)/g)].map(([, name = '']) => name)
  expect(asked.filter((name) => builtinModules.includes(name))).toEqual([])
})

it('The workflows’ code is built once and read from its file after that', async () => {
  const first = await loadWorkflowBundle(directory)
  const second = await loadWorkflowBundle(directory)
  expect(second).toEqual(first)
  expect(await readdir(directory)).toHaveLength(1)
  if (!('codePath' in first)) throw new Error('The bundle was not kept')
  expect(await readFile(first.codePath, 'utf8')).toContain('deliver')
})

it('A directory that cannot be written to costs only time', async () => {
  const file = join(directory, 'file')
  await writeFile(file, '')
  expect(await loadWorkflowBundle(join(file, 'folder'))).toHaveProperty('code')
})

/** The files that went into the code, from the project's root, as its source map names them. */
function sourcesOf(text: string): string[] {
  const encoded =
    /sourceMappingURL=data:application\/json;charset=utf-8;base64,([A-Za-z0-9+/=]+)/.exec(text)?.[1] ?? ''
  const { sources } = JSON.parse(Buffer.from(encoded, 'base64').toString()) as { sources: string[] }
  return sources.map((source) => source.replace(ROOT, ''))
}
