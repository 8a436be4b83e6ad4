// `npm run bench:profile -- DIRECTORY DELIVERIES [SKIP_SECONDS]`: what `npm run bench -- --profile DIRECTORY` found, in
// microseconds per delivery. The first seconds, when everything starts and is compiled, can be left out.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

interface Frame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

interface Profile {
  readonly nodes: readonly { id: number; callFrame: Frame; children?: readonly number[] }[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

/** Names the nodes of a call tree; `parentOf` leads upwards. */
type Naming = (
  id: number,
  frames: ReadonlyMap<number, Frame>,
  parentOf: ReadonlyMap<number, number>,
) => string

const LINES = 40

function byFile(id: number, frames: ReadonlyMap<number, Frame>): string {
  return placeOf(frames.get(id))
}

function byFunction(id: number, frames: ReadonlyMap<number, Frame>): string {
  return nameOf(frames.get(id))
}

/** What libraries and Node do is counted for the function of ours that asked for it. */
function byOwnFunction(
  id: number,
  frames: ReadonlyMap<number, Frame>,
  parentOf: ReadonlyMap<number, number>,
): string {
  for (let node: number | undefined = id; node !== undefined; node = parentOf.get(node)) {
    const frame = frames.get(node)
    if (frame !== undefined && isOwn(frame)) return nameOf(frame)
  }
  return `nobody: ${outermost(id, frames, parentOf)}`
}

/** Where a stack without any function of ours begins. */
function outermost(
  id: number,
  frames: ReadonlyMap<number, Frame>,
  parentOf: ReadonlyMap<number, number>,
): string {
  let name = nameOf(frames.get(id))
  for (let node: number | undefined = id; node !== undefined; node = parentOf.get(node)) {
    const frame = frames.get(node)
    if (frame !== undefined && frame.functionName !== '(root)') name = nameOf(frame)
  }
  return name
}

function isOwn({ url }: Frame): boolean {
  return url.startsWith('file:') && !url.includes('node_modules')
}

function nameOf(frame: Frame | undefined): string {
  const { functionName = '', lineNumber = 0 } = frame ?? {}
  return `${functionName === '' ? '(anonymous)' : functionName} ${placeOf(frame)}:${lineNumber + 1}`
}

function placeOf(frame: Frame | undefined): string {
  const url = frame?.url ?? ''
  if (url === '') return `(native)`
  const [, inPackage] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  return inPackage ?? url.replace(/^.*?\/(src|workflows|activities)\//, '$1/')
}

function tally(
  { nodes, samples, timeDeltas }: Profile,
  skipMicroseconds: number,
  naming: Naming,
): [string, number][] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const parentOf = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child): [number, number] => [child, id])),
  )
  const names = new Map(nodes.map(({ id }) => [id, naming(id, frames, parentOf)]))
  const totals = new Map<string, number>()
  let elapsed = 0
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0
    elapsed += delta
    if (elapsed < skipMicroseconds) continue
    const name = names.get(id) ?? ''
    totals.set(name, (totals.get(name) ?? 0) + delta)
  }
  return [...totals].toSorted(([, a], [, b]) => b - a)
}

function print(title: string, totals: readonly [string, number][], deliveries: number): void {
  console.log(`${title}, µs per delivery`)
  for (const [name, microseconds] of totals.slice(0, LINES))
    console.log(`${(microseconds / deliveries).toFixed(2).padStart(9)}  ${name}`)
}

const [directory = '', deliveries = '1', skipSeconds = '0'] = process.argv.slice(2)
for (const name of await readdir(directory)) {
  if (!name.endsWith('.cpuprofile')) continue
  const profile = JSON.parse(await readFile(join(directory, name), 'utf8')) as Profile
  const skip = 1e6 * Number(skipSeconds)
  console.log(`── ${name}`)
  print('By file or package', tally(profile, skip, byFile), Number(deliveries))
  print('By function', tally(profile, skip, byFunction), Number(deliveries))
  print('By the function of ours that asked for it', tally(profile, skip, byOwnFunction), Number(deliveries))
}
