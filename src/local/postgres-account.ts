import { type SpawnOptions, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'

import { LocalRuntimeError } from './local-error.ts'

/** PostgreSQL's own programs and libraries. */
export interface PostgresPrograms {
  /** Holds bin, lib and share. */
  readonly nativeDir: string
}

/** How PostgreSQL's programs are run so that they are not root and still reach their files. */
export interface PostgresAccount {
  readonly nativeDir: string
  /** Where the database lives; owned by the account. */
  readonly homeDir: string
  readonly command: (program: string, args: readonly string[]) => { command: string; args: readonly string[] }
  readonly spawnOptions: Pick<SpawnOptions, 'uid' | 'gid'>
  readonly owner: { uid: number; gid: number } | null
}

/** Nothing of the caller's PGHOST, PGDATA or LANG may change what PostgreSQL does. */
export const POSTGRES_ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LC_ALL: 'C',
  TZ: 'UTC',
}

const COPIES_DIR = '/var/lib/postrider'

/**
 * PostgreSQL refuses to run as root, and no other user may enter root's home, where a clone often lies. So for root
 * several ways are tried, least intrusive first: a user namespace in which root's files belong to a plain user; an
 * unprivileged user that may read and search everywhere; and last, copies where that user can reach them.
 */
export function findPostgresAccount(programs: PostgresPrograms, homeDir: string): PostgresAccount {
  mkdirSync(homeDir, { recursive: true, mode: 0o700 })
  if (process.getuid?.() !== 0) return directAccount(programs, homeDir)
  const user = findUser()
  const candidates = [
    () => namespaceAccount(programs, homeDir, user),
    () => readingAccount(programs, homeDir, user),
    () => copiedAccount(programs, homeDir, user),
  ]
  for (const candidate of candidates) {
    const account = candidate()
    giveTo(account)
    if (canRun(account)) return account
  }
  throw new LocalRuntimeError(
    'PostgreSQL does not run as root, and no way around it works here: start Postrider as an ordinary user, or set DATABASE_URL.',
  )
}

function directAccount({ nativeDir }: PostgresPrograms, homeDir: string): PostgresAccount {
  return { nativeDir, homeDir, command: plainCommand, spawnOptions: {}, owner: null }
}

function plainCommand(
  program: string,
  args: readonly string[],
): { command: string; args: readonly string[] } {
  return { command: program, args }
}

function namespaceAccount(
  { nativeDir }: PostgresPrograms,
  homeDir: string,
  user: UserEntry,
): PostgresAccount {
  const flags = ['--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`]
  return {
    nativeDir,
    homeDir,
    command: (program, args) => ({ command: 'unshare', args: [...flags, program, ...args] }),
    spawnOptions: {},
    owner: { uid: 0, gid: 0 },
  }
}

function readingAccount({ nativeDir }: PostgresPrograms, homeDir: string, user: UserEntry): PostgresAccount {
  const capability = '+dac_read_search'
  const flags = [
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
    '--securebits=+no_setuid_fixup',
  ]
  return {
    nativeDir,
    homeDir,
    command: (program, args) => ({ command: 'setpriv', args: [...flags, program, ...args] }),
    spawnOptions: {},
    owner: user,
  }
}

function copiedAccount({ nativeDir }: PostgresPrograms, homeDir: string, user: UserEntry): PostgresAccount {
  const placeDir = join(COPIES_DIR, createHash('sha256').update(homeDir).digest('hex').slice(0, 16))
  const copyDir = join(placeDir, 'native')
  mkdirSync(placeDir, { recursive: true, mode: 0o711 })
  copyWhole(nativeDir, copyDir)
  const copiedHomeDir = join(placeDir, 'data')
  mkdirSync(copiedHomeDir, { recursive: true, mode: 0o700 })
  return {
    nativeDir: copyDir,
    homeDir: copiedHomeDir,
    command: plainCommand,
    spawnOptions: { uid: user.uid, gid: user.gid },
    owner: user,
  }
}

/** Renamed at the end, so that a copy that was interrupted is made again. */
function copyWhole(fromDir: string, toDir: string): void {
  if (existsSync(toDir)) return
  rmSync(`${toDir}.new`, { recursive: true, force: true })
  cpSync(fromDir, `${toDir}.new`, { recursive: true, verbatimSymlinks: true })
  renameSync(`${toDir}.new`, toDir)
}

interface UserEntry {
  readonly uid: number
  readonly gid: number
}

/** initdb wants an account that the system knows by name. */
function findUser(): UserEntry {
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid }) => uid > 0)
  const user = ['postgres', 'nobody']
    .map((name) => entries.find((entry) => entry.name === name))
    .find(Boolean)
  const chosen = user ?? entries[0]
  if (chosen === undefined) {
    throw new LocalRuntimeError(
      'PostgreSQL does not run as root, and /etc/passwd names no other user: set DATABASE_URL.',
    )
  }
  return { uid: chosen.uid, gid: chosen.gid }
}

/** Another way may have been taken before, so the files may still belong to someone else. */
function giveTo({ homeDir, owner }: PostgresAccount): void {
  if (owner === null || statSync(homeDir).uid === owner.uid) return
  for (const name of readdirSync(homeDir, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(homeDir, name), owner.uid, owner.gid)
  }
  // Last, because it is what the next start looks at.
  chownSync(homeDir, owner.uid, owner.gid)
}

function canRun(account: PostgresAccount): boolean {
  const postgres = join(account.nativeDir, 'bin', 'postgres')
  const probe = join(account.homeDir, '.probe')
  const script = '"$0" --version && : > "$1" && rm "$1"'
  const { command, args } = account.command('/bin/sh', ['-c', script, postgres, probe])
  return (
    spawnSync(command, args, {
      ...account.spawnOptions,
      cwd: '/',
      env: POSTGRES_ENVIRONMENT,
      timeout: 10_000,
    }).status === 0
  )
}
