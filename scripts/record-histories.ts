// `npm run record-histories`: runs every path of `deliver` on a real Temporal server and keeps the histories that the
// replay test holds new code against. Record anew only what is new: an old history is a run that may still be asleep.
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
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const json = withoutMachine(historyToJSON(await recordScenario(lab, scenario)))
    await writeFile(join(FOLDER, `${name}.json`), `${json}\n`)
    console.log(`recorded ${name}`)
  }
} finally {
  await server.stop()
}

/** Who ran it is no part of the story. */
function withoutMachine(json: string): string {
  return json.replaceAll(`${process.pid}@${hostname()}`, 'recorder').replaceAll(hostname(), 'recorder')
}
