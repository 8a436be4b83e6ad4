import { execFile, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TEXT_WAIT_MS = 60_000

type Environment = Record<string, string>

/** What a container gives a process: no LANG, nothing of the caller's; and no port that another test may want. */
export function bareEnvironment(dataDir: string, more: Environment = {}): Environment {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: homedir(),
    POSTRIDER_DATA_DIR: dataDir,
    PORT: '0',
    POSTRIDER_TEMPORAL_PORT: '0',
    POSTRIDER_TEMPORAL_UI_PORT: '0',
    ...more,
  }
}

export interface StartedCommand {
  readonly pid: number
  /** Everything written so far. */
  output: () => string
  errors: () => string
  /** Resolves with the output once it matches; rejects when the process ends before or takes too long. */
  untilOutput: (pattern: RegExp) => Promise<string>
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>
  /** To the whole process group, as a terminal does. */
  signalGroup: (signal: NodeJS.Signals) => void
}

const running = new Set<StartedCommand>()

/** For `afterEach`: what a failed test left running is stopped, its servers too. */
export async function endStartedCommands(): Promise<void> {
  await Promise.all(
    [...running].map(async (command) => {
      command.signalGroup('SIGTERM')
      await command.ended
    }),
  )
}

/** Runs one of src/bin as a child in a process group of its own. */
export function startCommand(
  name: string,
  env: Environment,
  options: Pick<SpawnOptions, 'uid' | 'gid'> = {},
): StartedCommand {
  const child = spawn(process.execPath, [join(ROOT, 'src/bin', `${name}.ts`)], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  const texts = { output: '', errors: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.errors += text))
  const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string)
  const pid = child.pid ?? 0
  const command: StartedCommand = {
    pid,
    ended,
    output: () => texts.output,
    errors: () => texts.errors,
    signalGroup: (signal) => process.kill(-pid, signal),
    untilOutput: async (pattern) => {
      const found = Promise.withResolvers<string>()
      const look = (): void => {
        if (pattern.test(texts.output)) found.resolve(texts.output)
      }
      const fail = (reason: string): void => {
        found.reject(
          new Error(`${name} ${reason} before ${String(pattern)}:\n${texts.output}\n${texts.errors}`),
        )
      }
      child.stdout.on('data', look)
      const timer = setTimeout(fail, TEXT_WAIT_MS, 'was silent for too long')
      void ended.then((end) => {
        look()
        fail(`ended (${end})`)
      })
      look()
      try {
        return await found.promise
      } finally {
        clearTimeout(timer)
        child.stdout.off('data', look)
      }
    },
  }
  running.add(command)
  void ended.then(() => running.delete(command))
  return command
}

/** `npm start` without npm, ready: with the lines of its banner. */
export async function startReady(env: Environment, options: Pick<SpawnOptions, 'uid' | 'gid'> = {}) {
  const command = startCommand('start', env, options)
  const output = await command.untilOutput(/\{"type":"task\.created"[^\n]*\n/)
  const [createWebhook = '', publishEvent = ''] = output
    .split('\n')
    .filter((line) => line.startsWith('curl '))
  const key = /Bearer (\S+?)'/.exec(createWebhook)?.[1] ?? ''
  const apiUrl = /(http:\/\/\S+?)\/api\/v1/.exec(createWebhook)?.[1] ?? ''
  return {
    ...command,
    apiUrl,
    createWebhook,
    publishEvent,
    get: async (route: string): Promise<unknown> => {
      const response = await fetch(`${apiUrl}/api/v1${route}`, {
        headers: { authorization: `Bearer ${key}` },
      })
      return response.json()
    },
  }
}

/** Pastes a line into a shell; answers what it printed, read as JSON. */
export async function paste(line: string): Promise<unknown> {
  const { stdout } = await run('/bin/sh', ['-c', line])
  return JSON.parse(stdout)
}

/** A folder that does not exist yet, and goes with all that is in it. */
export async function createDataDir(): Promise<{ path: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'postrider-start-'))
  return {
    path: join(folder, 'data'),
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true, force: true }),
  }
}
