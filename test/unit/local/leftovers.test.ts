import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { ProcessRegister } from '../../../src/local/leftovers.ts'

let folder = ''
let file = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postrider-register-'))
  file = join(folder, 'processes.json')
})
afterEach(async () => rm(folder, { recursive: true }))

/** A process whose command line holds `mark`, and that ends at SIGTERM or, if told, only at SIGKILL. */
async function startProcess(mark: string, code = '') {
  const script = `${code};setInterval(() => undefined, 1000);console.log('up')`
  const child = spawn(process.execPath, ['-e', script, mark], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  return {
    pid: child.pid ?? 0,
    exited: once(child, 'exit') as Promise<[number | null, string | null]>,
    child,
  }
}

test('a process that was written down is ended by the next start', async () => {
  const { pid, exited } = await startProcess(folder)
  new ProcessRegister(file).add({ name: 'server', pid, mark: folder, signal: 'SIGTERM' })
  expect(await new ProcessRegister(file).endLeftovers()).toEqual(['server'])
  expect(await exited).toEqual([null, 'SIGTERM'])
  expect(await new ProcessRegister(file).endLeftovers()).toEqual([])
})

test('a process that only has the same number is left alone', async () => {
  const { pid, child } = await startProcess(folder)
  new ProcessRegister(file).add({ name: 'server', pid, mark: folder, signal: 'SIGTERM' })
  const [record] = JSON.parse(await readFile(file, 'utf8')) as [Record<string, unknown>]
  await writeFile(file, JSON.stringify([{ ...record, identity: 'another start' }]))
  expect(await new ProcessRegister(file).endLeftovers()).toEqual([])
  expect(child.exitCode).toBeNull()
  child.kill('SIGKILL')
})

test('a process of another data directory is left alone', async () => {
  const { pid, child } = await startProcess('/somewhere/else')
  new ProcessRegister(file).add({ name: 'server', pid, mark: folder, signal: 'SIGTERM' })
  expect(await new ProcessRegister(file).endLeftovers()).toEqual([])
  expect(child.exitCode).toBeNull()
  child.kill('SIGKILL')
})

test('a register that was cut off is no obstacle', async () => {
  await writeFile(file, '[{"name":"ser')
  expect(await new ProcessRegister(file).endLeftovers()).toEqual([])
})
