import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** A browser to close when done, or in one sentence why there is none: the reason for skipping what needs one. */
export type ChromiumLaunch = { browser: Browser } | { missing: string }

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const LAUNCH_DEADLINE_MS = 60_000

/** Nothing here weakens what the tests look at: no switch touches the content security policy or origins. */
const SWITCHES = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts an installed Chromium, or else the one that comes as a package. */
export async function launchChromium(): Promise<ChromiumLaunch> {
  const failures: string[] = []
  for (const find of [installedChromium, packagedChromium]) {
    try {
      const program = await find()
      if (program === undefined) continue
      const browser = await chromium.launch({ ...program, args: SWITCHES, timeout: LAUNCH_DEADLINE_MS })
      return { browser }
    } catch (error) {
      failures.push(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
    }
  }
  return {
    missing: ['no Chromium that starts: install one, as by `apt-get install chromium`', ...failures].join(
      '; ',
    ),
  }
}

interface Program {
  executablePath: string
  env?: NodeJS.ProcessEnv
}

function installedChromium(): Program | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const candidates = PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program)))
  const executablePath = candidates.find(isExecutable)
  return executablePath === undefined ? undefined : { executablePath }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Unpacks the browser into the system's temporary folder on first use. */
async function packagedChromium(): Promise<Program> {
  const ownEnvironment = { ...process.env }
  // Makes the package unpack the system libraries that a bare container lacks, too; it looks while it is imported.
  process.env['AWS_EXECUTION_ENV'] = 'AWS_Lambda_nodejs24.x'
  const { default: packaged } = await import('@sparticuz/chromium')
  const executablePath = await packaged.executablePath()
  const env = process.env
  // Those libraries are for the browser alone: servers that a test starts must not find them.
  process.env = ownEnvironment
  return { executablePath, env }
}
