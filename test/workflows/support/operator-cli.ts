import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { cacheFolder } from '../../../src/local/cache-folder.ts'
import { findTemporalBinary } from '../../../src/local/temporal-binary.ts'

const run = promisify(execFile)

/** Runs Temporal's own command line against a server, as an operator would; resolves with what it printed. */
export async function runTemporal(address: string, args: readonly string[]): Promise<string> {
  const binary = await findTemporalBinary({
    searchPath: process.env['PATH'] ?? '',
    cacheDir: cacheFolder(process.env),
    onProgress: () => undefined,
  })
  const { stdout } = await run(binary, args, {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
    timeout: 30_000,
  })
  return stdout
}
