import { LAYERS } from '../lint/layers.ts'
import { configTable } from '../src/config.ts'

export interface GeneratedTable {
  document: string
  /** The table stands between `<!-- name: … -->` and `<!-- /name -->`. */
  name: string
  write: () => string
}

/** What `npm run docs` writes, and a test holds the documents against. */
export const GENERATED_TABLES: readonly GeneratedTable[] = [
  { document: 'README.md', name: 'configuration', write: configTable },
  { document: 'ARCHITECTURE.md', name: 'import law', write: importLawTable },
]

/** The place of a table in its document's text: what comes before it, the table, what comes after it. */
export function splitAtTable(text: string, name: string): [before: string, table: string, after: string] {
  const match = new RegExp(`^(.*<!-- ${name}:[^>]*-->\n)(.*?)(<!-- /${name} -->.*)$`, 's').exec(text)
  if (match === null) throw new Error(`There is no place for the table "${name}".`)
  return [match[1] ?? '', match[2] ?? '', match[3] ?? '']
}

function importLawTable(): string {
  const rows = Object.values(LAYERS).map(({ paths, imports, lesson }) => {
    const own = paths.map((path) => `\`${path}\``).join(', ')
    if (imports === 'everything') return `| ${own} | everything | | ${lesson} |`
    const allowed = (wanted: string): string =>
      Object.entries(imports)
        .filter(([, permission]) => permission === wanted)
        .map(([layer]) => layer)
        .join(', ')
    return `| ${own} | ${allowed('value')} | ${allowed('type')} | ${lesson} |`
  })
  return ['| files | may import | types only | because |', '|---|---|---|---|', ...rows].join('\n')
}
