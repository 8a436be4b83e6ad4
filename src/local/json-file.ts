import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'

import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'

/** What the file holds, or undefined when it is missing, cut off or of another shape. */
export function readJsonFile<S extends TSchema>(path: string, schema: S): Static<S> | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return Value.Check(schema, content) ? content : undefined
  } catch {
    return undefined
  }
}

/** For its owner's eyes only, on disk when this returns, and never half of it. */
export function writeJsonFile(path: string, content: unknown): void {
  const newPath = `${path}.new`
  const file = openSync(newPath, 'w', 0o600)
  try {
    writeSync(file, `${JSON.stringify(content, null, 2)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(newPath, path)
}
