// `node bench/profile-summary.ts DIRECTORY DELIVERIES`: what `npm run bench -- --profile DIRECTORY` found, by function
// and by file, in microseconds per delivery.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

interface Profile {
  readonly nodes: readonly {
    id: number
    callFrame: { functionName: string; url: string; lineNumber: number }
  }[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

const LINES = 45

function tally(
  { nodes, samples, timeDeltas }: Profile,
  nameOf: (frame: Profile['nodes'][number]['callFrame']) => string,
) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const totals = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? ''
    totals.set(name, (totals.get(name) ?? 0) + (timeDeltas[index] ?? 0))
  }
  return [...totals].toSorted(([, a], [, b]) => b - a)
}

function fileOf(url: string): string {
  if (url === '') return '(native)'
  const [, inPackage] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  return inPackage ?? url.replace(/^.*?\/(src|workflows|activities)\//, '$1/')
}

function print(title: string, totals: readonly (readonly [string, number])[], deliveries: number): void {
  console.log(`${title}, µs per delivery`)
  for (const [name, microseconds] of totals.slice(0, LINES))
    console.log(`${(microseconds / deliveries).toFixed(2).padStart(9)}  ${name}`)
}

const [directory = '', deliveries = '1'] = process.argv.slice(2)
for (const name of await readdir(directory)) {
  if (!name.endsWith('.cpuprofile')) continue
  const profile = JSON.parse(await readFile(join(directory, name), 'utf8')) as Profile
  console.log(`── ${name}`)
  print(
    'By file or package',
    tally(profile, ({ url }) => fileOf(url)),
    Number(deliveries),
  )
  const byFunction = tally(
    profile,
    (frame) => `${frame.functionName || '(anonymous)'} ${fileOf(frame.url)}:${frame.lineNumber + 1}`,
  )
  print('By function', byFunction, Number(deliveries))
}
