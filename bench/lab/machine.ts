import { execFile } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'
import { promisify } from 'node:util'

import packageDescription from '../../package.json' with { type: 'json' }
import { onServer, temporalBinary } from './servers.ts'

/** What a figure depends on besides the code. */
export interface Machine {
  readonly processors: number
  readonly processorModel: string
  readonly memoryGigabytes: number
  readonly system: string
  readonly node: string
  readonly postgres: string
  readonly temporal: string
  readonly postrider: string
}

export async function describeMachine(databaseUrl: string): Promise<Machine> {
  const [version] = await onServer(databaseUrl, 'show server_version')
  const { stdout } = await promisify(execFile)(await temporalBinary(), ['--version'])
  return {
    processors: cpus().length,
    processorModel: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    postgres: String(version?.['server_version']),
    temporal: stdout.trim().replace(/^temporal version /, ''),
    postrider: packageDescription.version,
  }
}
