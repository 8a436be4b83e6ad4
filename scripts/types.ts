// Checks the types of every TypeScript project: the service and its tests, the settings page, its browser tests.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const PROJECTS = ['tsconfig.json', 'ui/tsconfig.json', 'test/ui/tsconfig.json']

const failed = PROJECTS.filter(existsSync).filter((project) => {
  const args = ['node_modules/typescript/bin/tsc', '--noEmit', '--project', project]
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0
})
if (failed.length > 0) console.error(`Type errors in: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)
