// Loaded before every command (`node --require`). Plain CommonJS on purpose: an old Node must be able to
// read it, because the TypeScript files behind it would only give a syntax error there.
const { engines } = require('../package.json')

const floor = Number.parseInt(engines.node.replace(/\D*/, ''), 10)
const major = Number.parseInt(process.versions.node, 10)

if (major < floor) {
  console.error(
    `Postrider needs Node ${floor} or newer, but this is ${process.version} (${process.execPath}): run "npm ci --include=optional", which brings its own Node, or install Node ${floor}.`,
  )
  process.exit(1)
}
