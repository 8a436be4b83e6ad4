import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { idTextOf, isChecksumRight, keyIdOf } from '../../src/usecases/api-key-text.ts'

const ROOT = resolve(import.meta.dirname, '../..')

function newKeys(): NodeJS.Dict<string> {
  const { stdout } = spawnSync(process.execPath, ['src/bin/new-keys.ts'], { cwd: ROOT, encoding: 'utf8' })
  return parseEnv(stdout)
}

describe('npm run new-keys', () => {
  it('prints lines for an environment file that the configuration takes', () => {
    const config = loadConfig(newKeys(), {}, ['POSTRIDER_MASTER_KEYS', 'POSTRIDER_BOOTSTRAP_API_KEY'])

    expect(config.masterKeys).toHaveLength(1)
    expect(isChecksumRight(config.bootstrapApiKey ?? '')).toBe(true)
    expect(keyIdOf(idTextOf(config.bootstrapApiKey ?? '') ?? '')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  })

  it('prints others every time, the name of the master key included', () => {
    const [first, second] = [newKeys(), newKeys()]
    const nameOf = (keys: NodeJS.Dict<string>): string | undefined =>
      keys['POSTRIDER_MASTER_KEYS']?.split(':')[0]

    expect(first).not.toEqual(second)
    expect(nameOf(first)).not.toBe(nameOf(second))
  })
})
