// Runs at the end of `npm ci`: builds the settings page when everything for it is there. An install without
// development dependencies, or one by an old Node, has to succeed too, so then it only says what it left out.
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { spawnSync } = require('node:child_process')
const { engines } = require('../package.json')

const root = join(__dirname, '..')
const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
const floor = Number.parseInt(engines.node.replace(/\D*/, ''), 10)

if (!existsSync(join(root, 'ui', 'index.html'))) process.exit(0)
if (!existsSync(vite)) {
  console.error('The settings page was not built: it needs the development dependencies.')
  process.exit(0)
}
if (Number.parseInt(process.versions.node, 10) < floor) {
  console.error(`The settings page was not built: it needs Node ${floor} or newer.`)
  process.exit(0)
}
const built = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn', 'ui'], {
  cwd: root,
  stdio: 'inherit',
})
process.exit(built.status ?? 1)
