// `npm run docs`: writes the generated tables into the documents that hold them.
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { GENERATED_TABLES, splitAtTable } from './generated-tables.ts'

for (const { document, name, write } of GENERATED_TABLES) {
  const [before, , after] = splitAtTable(readFileSync(document, 'utf8'), name)
  const written = `${before}\n${write()}\n\n${after}`
  writeFileSync(document, await format(written, { ...(await resolveConfig(document)), filepath: document }))
}
