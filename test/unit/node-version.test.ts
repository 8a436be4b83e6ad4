import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const packageFile = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** Runs the check as a command would, on a Node that says it is `version`. */
function runOn(version: string): { status: number | null; stdout: string; stderr: string } {
  const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`
  const program = `require('./scripts/check-node.cjs'); console.log('ran')`
  return spawnSync(process.execPath, ['--import', pretend, '--eval', program], {
    cwd: ROOT,
    encoding: 'utf8',
  })
}

describe('the check of the Node version', () => {
  it.each(['18.20.8', '20.19.0', '22.18.0'])(
    'stops on Node %s with one sentence that says what to do',
    (version) => {
      const { status, stdout, stderr } = runOn(version)

      expect(status).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toMatch(
        /^Postrider needs Node 24 or newer, but .*: run "npm ci .*", .*, or install Node 24\.\n$/,
      )
    },
  )

  it.each(['24.0.0', '26.1.0'])('lets Node %s through in silence', (version) => {
    expect(runOn(version)).toMatchObject({ status: 0, stdout: 'ran\n', stderr: '' })
  })

  it('comes before every command but the one that npm itself calls', () => {
    const { prepare, ...commands } = packageFile.scripts

    expect(prepare).toBe('node scripts/prepare.cjs')
    for (const [name, command] of Object.entries(commands)) {
      expect(command, name).toMatch(/^node --require \.\/scripts\/check-node\.cjs /)
    }
  })
})
