import { loadClientConnectConfig } from '@temporalio/envconfig'

import type { ValueKind } from './setting-values.ts'
import { type Setting, SETTINGS } from './settings.ts'

type Settings = typeof SETTINGS
type SettingKey = keyof Settings
type ValueOf<S> = S extends { kind: ValueKind<infer T>; default: infer D }
  ? D extends string
    ? T
    : T | null
  : never

type PlainConfig = { readonly [K in SettingKey]: ValueOf<Settings[K]> }

/** What `Connection` and `NativeConnection` of Temporal take, the address aside. */
type TemporalSecurity = Omit<ReturnType<typeof loadClientConnectConfig>['connectionOptions'], 'address'>

/** The whole configuration, read and checked. Durations are milliseconds. */
export interface Config extends Omit<PlainConfig, 'publicUrl'> {
  /** An origin, without a slash at the end. */
  readonly publicUrl: string
  readonly temporalSecurity: TemporalSecurity
}

/** All names the service knows, the tests' own among them. */
export const CONFIG_NAMES: readonly string[] = Object.values(SETTINGS).map(({ name }) => name)

/** The values `npm start` gives to names that are not set. */
export const START_DEFAULTS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values<Setting<unknown>>(SETTINGS).flatMap(({ name, startDefault }) =>
    startDefault === undefined ? [] : [[name, startDefault]],
  ),
)

type Environment = Readonly<Record<string, string | undefined>>

/** The message is the whole list of problems, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'config_invalid'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(['The configuration has problems:', ...problems.map((problem) => `  - ${problem}`)].join('\n'))
    this.problems = problems
  }
}

/**
 * Reads the environment. `defaults` (name → text) stand in for names that are not set; `needed` lists names that must
 * have a value in the end. Throws a ConfigError that names every problem at once, so that a bad deploy fails only once.
 */
export function loadConfig(
  env: Environment,
  defaults: Environment = {},
  needed: readonly string[] = [],
): Config {
  const problems = unknownNames(env)
  const plain: Record<string, unknown> = {}
  for (const [key, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const text = textOf(setting, env) ?? textOf(setting, defaults) ?? setting.default
    if (text === null && needed.includes(setting.name))
      problems.push(`${setting.name} is needed: ${setting.meaning}`)
    const value = text === null ? null : setting.kind.read(text)
    if (value === undefined) problems.push(`${setting.name} must be ${setting.kind.allowed}.`)
    plain[key] = value
  }
  const temporalSecurity = readTemporalSecurity(env, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  const config = plain as PlainConfig
  return Object.freeze({ ...config, publicUrl: config.publicUrl ?? originOf(config), temporalSecurity })
}

function textOf(setting: Setting<unknown>, env: Environment): string | undefined {
  const text = env[setting.name]?.trim()
  return text === '' && setting.isEmptyMeaningful !== true ? undefined : text
}

function originOf({ host, port }: PlainConfig): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function unknownNames(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('POSTRIDER_') && !CONFIG_NAMES.includes(name))
    .map((name) => `${name} is not a setting of Postrider.`)
}

function readTemporalSecurity(env: Environment, problems: string[]): TemporalSecurity {
  try {
    const set = Object.fromEntries(
      Object.entries(env).flatMap(([name, text = '']) =>
        name.startsWith('TEMPORAL_') && text !== '' ? [[name, text]] : [],
      ),
    )
    // The user's Temporal profile file is left out: what runs must be visible in the environment.
    const { address: _, ...security } = loadClientConnectConfig({
      disableFile: true,
      overrideEnvVars: set,
    }).connectionOptions
    return security
  } catch (cause) {
    problems.push(`TEMPORAL_TLS_* cannot be used: ${cause instanceof Error ? cause.message : String(cause)}.`)
    return {}
  }
}

/** The table of the README, as Markdown. */
export function configTable(): string {
  const rows = Object.values<Setting<unknown>>(SETTINGS)
    .filter(({ isHidden }) => isHidden !== true)
    .map((setting) => `| \`${setting.name}\` | ${shownDefaultOf(setting)} | ${setting.meaning} |`)
  return ['| name | default | meaning |', '|---|---|---|', ...rows].join('\n')
}

function shownDefaultOf({ default: text, startDefault, shownDefault }: Setting<unknown>): string {
  const usual = text === null || text === '' ? 'none' : `\`${text}\``
  return shownDefault ?? (startDefault === undefined ? usual : `${usual}; \`npm start\`: \`${startDefault}\``)
}
