// `npm run record-histories`: runs every path of `deliver` that has no recorded history yet on a real Temporal server
// and keeps the history, for the replay test to hold new code against. One that is there is recorded anew only when it
// is named: it stands for runs that may still be asleep.
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'

import { startTestTemporal } from '../test/support/local-servers.ts'
import { openLab } from '../test/workflows/support/delivery-lab.ts'
import { RECORDING_LAB, recordScenario, SCENARIOS } from '../test/workflows/support/scenarios.ts'

const FOLDER = join(import.meta.dirname, '..', 'test', 'workflows', 'histories')

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(SCENARIOS, name))
if (unknown.length > 0) {
  console.error(`No such path: ${unknown.join(', ')}. There are: ${Object.keys(SCENARIOS).join(', ')}.`)
  process.exit(1)
}

const server = await startTestTemporal()
try {
  await using lab = await openLab(server.address, RECORDING_LAB)
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (!isWanted(name)) continue
    const json = withoutMachine(historyToJSON(await recordScenario(lab, scenario)))
    await writeFile(fileOf(name), `${json}\n`)
    console.log(`recorded ${name}`)
  }
} finally {
  await server.stop()
}

function isWanted(name: string): boolean {
  return wanted.length > 0 ? wanted.includes(name) : !existsSync(fileOf(name))
}

function fileOf(name: string): string {
  return join(FOLDER, `${name}.json`)
}

/** Who ran it is no part of the story. */
function withoutMachine(json: string): string {
  return json.replaceAll(`${process.pid}@${hostname()}`, 'recorder').replaceAll(hostname(), 'recorder')
}
