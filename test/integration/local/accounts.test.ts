import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { cacheFolder } from '../../../src/local/cache-folder.ts'
import { findFreePort } from '../../../src/local/ports.ts'
import { type LocalPostgres, startPostgres } from '../../../src/local/postgres.ts'
import { TEMPORAL_RELEASE } from '../../../src/local/temporal-release.ts'
import { bareEnvironment, endStartedCommands, paste, startReady } from '../../support/local-start.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** Any number that is not root's; an account of that name is not needed. */
const ORDINARY = { uid: 1000, gid: 1000 }

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postrider-account-'))
})
afterEach(endStartedCommands)
afterEach(async () => rm(folder, { recursive: true, force: true }))

async function start(homeDir: string): Promise<LocalPostgres> {
  return startPostgres({ homeDir, port: await findFreePort('127.0.0.1'), isDurable: false })
}

/** Why this cannot be tried here; undefined when it can. */
function whyNotAsOrdinaryUser(): string | undefined {
  if (process.getuid?.() !== 0)
    return 'only root can become somebody else, and everybody else has just tried it'
  try {
    execFileSync(process.execPath, ['-e', `require('fs').readdirSync(${JSON.stringify(ROOT)})`], ORDINARY)
    return undefined
  } catch {
    return 'this checkout lies where an ordinary user may not go'
  }
}

const obstacle = whyNotAsOrdinaryUser()

test.skipIf(obstacle !== undefined)(
  `an ordinary user needs no special way${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`,
  async () => {
    const cacheDir = join(folder, 'postrider')
    const program = `temporal-${TEMPORAL_RELEASE.version}`
    await mkdir(cacheDir)
    // What the run's own server used; where it came from PATH, it is found there again.
    await copyFile(join(cacheFolder(process.env), program), join(cacheDir, program)).catch(() => undefined)
    for (const path of [folder, cacheDir]) await chown(path, ORDINARY.uid, ORDINARY.gid)
    const env = bareEnvironment(join(folder, 'data'), { HOME: folder, XDG_CACHE_HOME: folder })
    const service = await startReady(env, ORDINARY)
    await paste(service.createWebhook)
    await paste(service.publishEvent)
    await service.untilOutput(/inbox {2}task\.created .* verified/)
    service.signalGroup('SIGINT')
    expect(await service.ended).toBe(0)
  },
  120_000,
)

test('a process number that now belongs to something else does not keep PostgreSQL from starting', async () => {
  const first = await start(folder)
  await first.stop()
  const stranger = spawn('sleep', ['60'])
  await once(stranger, 'spawn')
  const pidFile = join(first.dataDir, 'postmaster.pid')
  await writeFile(pidFile, `${stranger.pid ?? 0}\n${first.dataDir}\n1\n5432\n\n127.0.0.1\n  1 1\nready\n`)
  const second = await start(folder)
  expect(Number((await readFile(pidFile, 'utf8')).split('\n')[0])).toBe(second.pid)
  expect(stranger.exitCode).toBeNull()
  await second.stop()
  stranger.kill()
})

test('a PostgreSQL of the same folder that nobody wrote down is ended', async () => {
  const first = await start(folder)
  const second = await start(folder)
  expect(await first.exited).toBe('exit code 0')
  await second.stop()
})

test('a set-up that was interrupted is made anew', async () => {
  await mkdir(join(folder, 'data.new', 'base'), { recursive: true })
  const server = await start(folder)
  await server.stop()
  expect(await server.exited).toBe('exit code 0')
})
