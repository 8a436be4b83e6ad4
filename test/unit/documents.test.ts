import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { GENERATED_TABLES, splitAtTable } from '../../scripts/generated-tables.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
const documents = [
  ...markdownIn('.'),
  ...markdownIn('docs'),
  ...(existsSync(resolve(ROOT, 'docs/decisions')) ? markdownIn('docs/decisions') : []),
]

describe('the documents', () => {
  it.each(documents)('%s links only to files that are there', (document) => {
    const links = [...read(document).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1] ?? '')
    const missing = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !existsSync(resolve(ROOT, dirname(document), link)))

    expect(missing).toEqual([])
  })

  it.each(documents)('%s names only commands that there are', (document) => {
    const named = [...read(document).matchAll(/npm run ([a-z][a-z0-9:-]*)/g)].map((match) => match[1] ?? '')

    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })

  it.each(GENERATED_TABLES)(
    '$document has the table "$name" as it is today (else: npm run docs)',
    (generated) => {
      const [, written] = splitAtTable(read(generated.document), generated.name)

      expect(withoutPadding(written)).toBe(withoutPadding(generated.write()))
    },
  )
})

describe('the commands', () => {
  it.each(Object.entries(scripts))('npm run %s runs files that are there', (_name, command) => {
    const files = command.split(' ').filter((word) => /\.(ts|cjs|js|mjs)$/.test(word))

    expect(files.filter((file) => !existsSync(resolve(ROOT, file)))).toEqual([])
  })
})

function markdownIn(folder: string): string[] {
  return readdirSync(resolve(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
}

function read(path: string): string {
  return readFileSync(resolve(ROOT, path), 'utf8')
}

/** A table's text without the spaces and dashes that only align it. */
function withoutPadding(table: string): string {
  return table
    .trim()
    .replace(/-{3,}/g, '---')
    .replace(/ *\| */g, '|')
}
