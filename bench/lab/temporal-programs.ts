import { execFile } from 'node:child_process'
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { cacheFolder } from '../../src/local/cache-folder.ts'

const run = promisify(execFile)

export const TEMPORAL_SERVER_VERSION = '1.31.2'

const PACKAGES = ['cmd/server', 'cmd/tools/sql'].map(
  (path) => `go.temporal.io/server/${path}@v${TEMPORAL_SERVER_VERSION}`,
)
const GIVE_ONE = 'set TEMPORAL_ADDRESS to a server of yours'
const BUILD_WAIT_MS = 1_800_000
const PROGRESS_EVERY_MS = 15_000
/** More than Go ever writes about one build. */
const OUTPUT_BYTES_MAX = 16 << 20

export interface TemporalPrograms {
  readonly server: string
  /** Makes the tables of the server. */
  readonly sqlTool: string
}

export type ProgramsFinding =
  | { readonly kind: 'found'; readonly programs: TemporalPrograms }
  /** Why, and what to do about it: "because …: …". */
  | { readonly kind: 'absent'; readonly reason: string; readonly remedy: string }

/** Temporal's server for a real database, from the cache or built with Go now, which takes minutes and is done once. */
export async function findTemporalPrograms(say: (words: string) => void): Promise<ProgramsFinding> {
  const folder = join(cacheFolder(process.env), `temporal-server-${TEMPORAL_SERVER_VERSION}`, 'bin')
  const programs = programsIn(folder)
  if (await areThere(programs)) return { kind: 'found', programs }
  if (!(await isGoThere()))
    return { kind: 'absent', reason: 'Go is not installed', remedy: `${GIVE_ONE}, or install Go` }
  try {
    await build(folder, say)
    return { kind: 'found', programs }
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    return { kind: 'absent', reason: 'Go could not build it', remedy: GIVE_ONE }
  }
}

function programsIn(folder: string): TemporalPrograms {
  const ending = process.platform === 'win32' ? '.exe' : ''
  return { server: join(folder, `server${ending}`), sqlTool: join(folder, `sql${ending}`) }
}

async function areThere({ server, sqlTool }: TemporalPrograms): Promise<boolean> {
  try {
    await Promise.all([server, sqlTool].map(async (path) => access(path, constants.X_OK)))
    return true
  } catch {
    return false
  }
}

async function isGoThere(): Promise<boolean> {
  try {
    await run('go', ['version'], { timeout: 10_000 })
    return true
  } catch {
    return false
  }
}

/** Into a folder beside its place, which then is renamed, so that half a build is never taken for a whole one. */
async function build(folder: string, say: (words: string) => void): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  const workFolder = await mkdtemp(join(dirname(folder), 'build-'))
  const label = `Building Temporal's server ${TEMPORAL_SERVER_VERSION} with Go (a few minutes, only once)`
  const beganMs = performance.now()
  say(`${label} …`)
  const timer = setInterval(() => {
    say(`${label}: ${Math.round((performance.now() - beganMs) / 1_000)} s so far`)
  }, PROGRESS_EVERY_MS)
  try {
    await run('go', ['install', ...PACKAGES], {
      env: { ...process.env, GOBIN: workFolder },
      timeout: BUILD_WAIT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    })
    // An incomplete one from before would be in the way.
    await rm(folder, { recursive: true, force: true })
    await rename(workFolder, folder)
  } finally {
    clearInterval(timer)
    await rm(workFolder, { recursive: true, force: true })
  }
}
