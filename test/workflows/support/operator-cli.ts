import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { cacheFolder } from '../../../src/local/cache-folder.ts'
import { findTemporalBinary } from '../../../src/local/temporal-binary.ts'

const run = promisify(execFile)
const TIMEOUT_MS = 30_000

/** Temporal's own command line program. */
export async function temporalBinary(): Promise<string> {
  return findTemporalBinary({
    searchPath: process.env['PATH'] ?? '',
    cacheDir: cacheFolder(process.env),
    onProgress: () => undefined,
  })
}

/** Runs it against a server, as an operator would; resolves with what it printed. */
export async function runTemporal(address: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(await temporalBinary(), args, {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
    timeout: TIMEOUT_MS,
  })
  return stdout
}

/** Runs a line as it stands in a document, by a shell. `temporal` is what the cache or the machine has. */
export async function runCommandLine(line: string, env: Readonly<Record<string, string>>): Promise<string> {
  const shell = `temporal() { "$TEMPORAL_BINARY" "$@"; }\n${line}`
  const { stdout } = await run('bash', ['-c', shell], {
    env: { ...process.env, TEMPORAL_BINARY: await temporalBinary(), ...env },
    timeout: TIMEOUT_MS,
  })
  return stdout
}
