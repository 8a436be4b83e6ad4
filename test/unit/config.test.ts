import { describe, expect, test } from 'vitest'

import { CONFIG_NAMES, ConfigError, configTable, loadConfig, START_DEFAULTS } from '../../src/config.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')

function problemsOf(env: Record<string, string>, needed: string[] = []): readonly string[] {
  try {
    loadConfig(env, {}, needed)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('the defaults', () => {
  test('are those of a production service when nothing is set', () => {
    expect(loadConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://127.0.0.1:3000',
      databaseUrl: null,
      temporalAddress: null,
      temporalNamespace: 'default',
      masterKeys: null,
      allowedTargets: '',
      allowHttp: false,
      firstAttempt: 'workflow',
      schedule: 'standard',
      requestTimeoutMs: 20_000,
      disableAfterMs: 5 * 86_400_000,
      retentionMs: 30 * 86_400_000,
      temporalPort: 7233,
      temporalUiPort: 8233,
      postgresPort: 0,
      inboxPort: 0,
      dataDir: '.postrider',
      retrySignalWaitMs: 7 * 86_400_000,
      logLevel: 'info',
      failpoint: null,
    })
  })

  test('of npm start let it call this machine by http', () => {
    expect(loadConfig({}, START_DEFAULTS)).toMatchObject({
      allowedTargets: '127.0.0.0/8,::1/128',
      allowHttp: true,
    })
  })

  test('stand in for a name set to nothing, except where nothing is a value', () => {
    const config = loadConfig({ PORT: '', DATABASE_URL: ' ', POSTRIDER_ALLOWED_TARGETS: '' }, START_DEFAULTS)
    expect(config).toMatchObject({ port: 3000, databaseUrl: null, allowedTargets: '' })
  })

  test('make the public URL from host and port, brackets around IPv6', () => {
    expect(loadConfig({ HOST: '::1', PORT: '80' }).publicUrl).toBe('http://[::1]:80')
  })
})

describe('values', () => {
  test('are read into the types the code works with', () => {
    const config = loadConfig({
      POSTRIDER_SCHEDULE: '1s, 2m',
      POSTRIDER_REQUEST_TIMEOUT: '2s',
      POSTRIDER_DISABLE_AFTER: 'off',
      POSTRIDER_MASTER_KEYS: `new:${KEY},old:${Buffer.alloc(32, 8).toString('base64')}`,
      POSTRIDER_ALLOWED_TARGETS: '10.0.0.0/8, fd00::/8,hooks.internal,192.0.2.1',
      ALERT_EMAIL_TO: 'a@example.com, b@example.com',
      PUBLIC_URL: 'https://hooks.example.com/',
    })
    expect(config).toMatchObject({
      schedule: ['1s', '2m'],
      requestTimeoutMs: 2_000,
      disableAfterMs: null,
      allowedTargets: '10.0.0.0/8, fd00::/8,hooks.internal,192.0.2.1',
      alertEmailTo: ['a@example.com', 'b@example.com'],
      publicUrl: 'https://hooks.example.com',
    })
    expect(config.masterKeys?.map(({ kid, key }) => [kid, key.length])).toEqual([
      ['new', 32],
      ['old', 32],
    ])
  })

  test.each([
    ['PORT', '65536'],
    ['PORT', '3000x'],
    ['HOST', 'not a host'],
    ['PUBLIC_URL', 'https://example.com/path'],
    ['PUBLIC_URL', 'ftp://example.com'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['TEMPORAL_ADDRESS', 'http://localhost:7233'],
    ['POSTRIDER_MASTER_KEYS', 'k1:dG9vIHNob3J0'],
    ['POSTRIDER_MASTER_KEYS', KEY],
    ['POSTRIDER_MASTER_KEYS', `a:${KEY},a:${KEY}`],
    ['POSTRIDER_MASTER_KEYS', `a:${KEY.slice(0, 10)}!${KEY.slice(10)}`],
    ['POSTRIDER_ALLOWED_TARGETS', '10.0.0.0/33'],
    ['POSTRIDER_ALLOWED_TARGETS', '10.0.0/8'],
    ['POSTRIDER_ALLOWED_TARGETS', '10.1.0.0/8'],
    ['POSTRIDER_ALLOW_HTTP', 'yes'],
    ['POSTRIDER_FIRST_ATTEMPT', 'eager'],
    ['POSTRIDER_SCHEDULE', '1x'],
    ['POSTRIDER_SCHEDULE', '8d'],
    ['POSTRIDER_REQUEST_TIMEOUT', '20'],
    ['POSTRIDER_REQUEST_TIMEOUT', '31s'],
    ['POSTRIDER_DISABLE_AFTER', 'never'],
    ['POSTRIDER_BOOTSTRAP_API_KEY', 'hunter2'],
    ['POSTRIDER_BOOTSTRAP_API_KEY', 'whk_live_ops_short'],
    ['SMTP_URL', 'http://mail'],
    ['ALERT_EMAIL_TO', 'nobody'],
    ['LOG_LEVEL', 'loud'],
  ])('%s=%s is refused with what is allowed, and without repeating the value', (name, value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(new RegExp(`^${name} must be .{8,}`))
    expect(problems[0]).not.toContain(value)
  })

  test('that are wrong are reported together, unknown names and missing ones too', () => {
    const env = { PORT: 'x', LOG_LEVEL: 'y', POSTRIDER_PORT: '1', UNRELATED: 'z' }
    const problems = problemsOf(env, ['DATABASE_URL'])
    expect(problems).toHaveLength(4)
    expect(problems.join('\n')).toMatch(
      /POSTRIDER_PORT is not a setting[^]*PORT must[^]*DATABASE_URL is needed[^]*LOG_LEVEL/,
    )
  })
})

describe('Temporal', () => {
  test('is reached in clear text unless told otherwise, and by TLS with an API key', () => {
    expect(loadConfig({}).temporalSecurity.tls).toBeUndefined()
    expect(loadConfig({ TEMPORAL_API_KEY: 'k' }).temporalSecurity).toMatchObject({ apiKey: 'k', tls: true })
  })

  test('takes certificates by the names of its own environment configuration', () => {
    const { tls } = loadConfig({
      TEMPORAL_TLS: 'true',
      TEMPORAL_TLS_SERVER_NAME: 'frontend',
    }).temporalSecurity
    expect(tls).toMatchObject({ serverNameOverride: 'frontend' })
  })

  test('with a certificate file that cannot be read is one of the problems', () => {
    const problems = problemsOf({ TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere/cert.pem', PORT: 'x' })
    expect(problems.join('\n')).toMatch(/PORT must[^]*TEMPORAL_TLS_\* cannot be used: .*cert\.pem/)
  })
})

test('the table has a row for every name but those of tests', () => {
  const rows = configTable().split('\n').slice(2)
  const names = rows.map((row) => /^\| `([A-Z_]+)` \|/.exec(row)?.[1])
  expect(names).toEqual(CONFIG_NAMES.filter((name) => name !== 'FAILPOINT'))
})
