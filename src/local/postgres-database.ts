import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { LocalRuntimeError } from './local-error.ts'
import { POSTGRES_ENVIRONMENT, type PostgresAccount } from './postgres-account.ts'

/** The names of the one user and the one database. */
export const POSTGRES_NAME = 'postrider'

/** The server listens on loopback, where any local user could knock: so there is a password, kept beside the data. */
export function readPassword(account: PostgresAccount): string {
  const path = join(account.homeDir, 'password')
  if (!existsSync(path)) {
    writeFileSync(path, randomBytes(24).toString('base64url'), { mode: 0o600 })
    if (account.owner !== null) chownSync(path, account.owner.uid, account.owner.gid)
  }
  return readFileSync(path, 'utf8')
}

/** Built aside and then renamed: a start that is killed half-way leaves nothing that looks like a database. */
export async function createDatabase(
  account: PostgresAccount,
  dataDir: string,
  isDurable: boolean,
): Promise<void> {
  const newDir = `${dataDir}.new`
  rmSync(newDir, { recursive: true, force: true })
  const flags = [
    `--pgdata=${newDir}`,
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    `--username=${POSTGRES_NAME}`,
    '--auth=scram-sha-256',
    `--pwfile=${join(account.homeDir, 'password')}`,
    ...(isDurable ? [] : ['--no-sync']),
  ]
  await runProgram(account, 'initdb', flags)
  await runProgram(
    account,
    'postgres',
    ['--single', '-D', newDir, 'postgres'],
    `create database ${POSTGRES_NAME}\n`,
  )
  renameSync(newDir, dataDir)
}

async function runProgram(
  account: PostgresAccount,
  name: string,
  args: readonly string[],
  input = '',
): Promise<void> {
  const program = account.command(join(account.nativeDir, 'bin', name), args)
  const child = spawn(program.command, program.args, {
    ...account.spawnOptions,
    cwd: account.homeDir,
    env: POSTGRES_ENVIRONMENT,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  child.stdin.end(input)
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code === 0) return
  const detail = errors.trim().split('\n').at(-1) ?? ''
  throw new LocalRuntimeError(`The embedded PostgreSQL could not be set up (${name}: ${detail}).`)
}

export function checkVersion({ nativeDir }: PostgresAccount, dataDir: string): void {
  const created = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim()
  const { stdout } = spawnSync(join(nativeDir, 'bin', 'postgres'), ['--version'], { encoding: 'utf8' })
  const installed = /(\d+)\./.exec(stdout)?.[1] ?? created
  if (installed === created) return
  throw new LocalRuntimeError(
    `The data in ${dataDir} was written by PostgreSQL ${created}, but ${installed} is installed: move that folder away to begin anew, or set DATABASE_URL.`,
  )
}
