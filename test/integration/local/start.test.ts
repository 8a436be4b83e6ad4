import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { afterEach, expect, test } from 'vitest'

import { findCommandLine } from '../../../src/local/process-identity.ts'
import {
  bareEnvironment,
  createDataDir,
  paste,
  endStartedCommands,
  startCommand,
  startReady,
} from '../../support/local-start.ts'

afterEach(endStartedCommands)

interface Accepted {
  id: string
  deliveries: number
}

/** The servers of a data directory, as it has them written down. */
async function readServers(dataDir: string): Promise<{ name: string; pid: number }[]> {
  return JSON.parse(await readFile(join(dataDir, 'processes.json'), 'utf8')) as {
    name: string
    pid: number
  }[]
}

test('the lines of the banner work as pasted, and a restart loses nothing', async () => {
  await using dataDir = await createDataDir()
  const env = bareEnvironment(dataDir.path)
  const first = await startReady(env)
  const webhook = (await paste(first.createWebhook)) as { id: string; secret: string }
  expect(webhook.secret).toMatch(/^whsec_/)
  const event = (await paste(first.publishEvent)) as Accepted
  expect(event.deliveries).toBe(1)
  await first.untilOutput(/inbox {2}task\.created .* attempt 1 {2}verified {2}answered 200/)
  expect(first.output()).toMatch(/Settings page +http:\S+\/settings\/webhooks#code=\S{20,}/)

  const second = startCommand('start', env)
  expect(await second.ended).toBe(1)
  expect(second.errors()).toMatch(/^Postrider already runs on .* stop it first, .*\n$/)

  const signIn = startCommand('sign-in', env)
  expect(await signIn.ended).toBe(0)
  expect(signIn.output()).toMatch(/^http:\S+\/settings\/webhooks#code=\S{20,}\n$/)
  expect(signIn.output()).toContain(first.apiUrl)

  const servers = await readServers(dataDir.path)
  expect(servers.map(({ name }) => name).sort()).toEqual(['PostgreSQL', 'Temporal'])
  first.signalGroup('SIGINT')
  expect(await first.ended).toBe(0)
  for (const { pid } of servers) expect(findCommandLine(pid)).toBeNull()

  const again = await startReady(env)
  expect(again.createWebhook.replace(again.apiUrl, '')).toBe(first.createWebhook.replace(first.apiUrl, ''))
  expect(again.apiUrl).toBe(first.apiUrl)
  expect(await again.get(`/events/${event.id}`)).toMatchObject({ deliveries: [{ state: 'succeeded' }] })
  again.signalGroup('SIGTERM')
  expect(await again.ended).toBe(0)
}, 120_000)

test('after kill -9 of the group the next start ends what was left and delivers what was due', async () => {
  await using dataDir = await createDataDir()
  const env = bareEnvironment(dataDir.path)
  const first = await startReady(env)
  await paste(first.createWebhook)
  const event = (await paste(first.publishEvent)) as Accepted
  first.signalGroup('SIGKILL')
  expect(await first.ended).toBe('SIGKILL')
  const leftovers = await readServers(dataDir.path)
  for (const { pid } of leftovers) expect(findCommandLine(pid)).toContain(dataDir.path)

  const again = await startReady(env)
  for (const { pid } of leftovers) expect(findCommandLine(pid) ?? '').not.toContain(dataDir.path)
  await expect
    .poll(async () => again.get(`/events/${event.id}`), { timeout: 30_000 })
    .toMatchObject({ deliveries: [{ state: 'succeeded' }] })
  again.signalGroup('SIGINT')
  expect(await again.ended).toBe(0)
}, 120_000)

test('a retry that sleeps while everything is killed is made at its time after the next start', async () => {
  await using dataDir = await createDataDir()
  const env = bareEnvironment(dataDir.path)
  const waitMs = 20_000
  const attemptsAt: number[] = []
  const receiver = createHttpServer((request, response) => {
    attemptsAt.push(Date.now())
    request.resume()
    response.writeHead(attemptsAt.length === 1 ? 503 : 200).end()
  })
  receiver.listen({ host: '127.0.0.1', port: 0 })
  await once(receiver, 'listening')
  const { port } = receiver.address() as { port: number }
  const first = await startReady(env)
  await paste(
    first.createWebhook
      .replace(/http:\/\/127\.0\.0\.1:\d+\/"/, `http://127.0.0.1:${port}/"`)
      .replace('"events"', `"schedule":["${waitMs / 1000}s"],"events"`),
  )
  await paste(first.publishEvent)
  await expect
    .poll(async () => first.get('/deliveries'), { timeout: 15_000 })
    .toMatchObject({ data: [{ state: 'pending', attemptCount: 1 }] })
  for (const { pid } of await readServers(dataDir.path)) process.kill(pid, 'SIGKILL')
  first.signalGroup('SIGKILL')
  await first.ended

  const again = await startReady(env)
  await expect.poll(() => attemptsAt.length, { timeout: 60_000, interval: 100 }).toBe(2)
  const [failedAt = 0, retriedAt = 0] = attemptsAt
  expect(retriedAt - failedAt).toBeGreaterThanOrEqual(waitMs)
  await expect
    .poll(async () => again.get('/deliveries'), { timeout: 15_000 })
    .toMatchObject({ data: [{ state: 'succeeded', attemptCount: 2 }] })
  again.signalGroup('SIGINT')
  expect(await again.ended).toBe(0)
  receiver.close()
}, 120_000)

test('servers that die are started again, and what came meanwhile is delivered', async () => {
  await using dataDir = await createDataDir()
  const service = await startReady(bareEnvironment(dataDir.path))
  await paste(service.createWebhook)
  for (const { pid } of await readServers(dataDir.path)) process.kill(pid, 'SIGKILL')
  await service.untilOutput(/PostgreSQL ended/)
  await service.untilOutput(/Temporal ended/)
  await expect
    .poll(async () => paste(service.publishEvent), { timeout: 30_000 })
    .toMatchObject({ deliveries: 1 })
  await service.untilOutput(/inbox {2}task\.created .* verified/)
  service.signalGroup('SIGINT')
  expect(await service.ended).toBe(0)
}, 120_000)

test('a second Ctrl-C stops at once', async () => {
  await using dataDir = await createDataDir()
  const service = await startReady(bareEnvironment(dataDir.path, { POSTRIDER_REQUEST_TIMEOUT: '30s' }))
  // An attempt that hangs keeps the orderly stop waiting.
  const silent = createServer()
  silent.listen({ host: '127.0.0.1', port: 0 })
  await once(silent, 'listening')
  const { port } = silent.address() as { port: number }
  await paste(service.createWebhook.replace(/http:\/\/127\.0\.0\.1:\d+\/"/, `http://127.0.0.1:${port}/"`))
  const connected = once(silent, 'connection')
  await paste(service.publishEvent)
  await connected
  service.signalGroup('SIGINT')
  await service.untilOutput(/Stopping/)
  const servers = await readServers(dataDir.path)
  // One press reaches the process twice under npm; only what comes later is a second one.
  service.signalGroup('SIGINT')
  const stillThere = await Promise.race([
    service.ended,
    new Promise((resolve) => setTimeout(resolve, 700, 'running')),
  ])
  expect(stillThere).toBe('running')
  service.signalGroup('SIGINT')
  expect(await service.ended).toBe(130)
  for (const { pid } of servers) expect(findCommandLine(pid)).toBeNull()
  silent.close()
}, 120_000)

test('Ctrl-C while it still starts leaves nothing behind', async () => {
  await using dataDir = await createDataDir()
  const service = startCommand('start', bareEnvironment(dataDir.path))
  await service.untilOutput(/Starting Temporal/)
  service.signalGroup('SIGINT')
  expect(await service.ended).toBe(0)
  expect(await readServers(dataDir.path)).toEqual([])
}, 60_000)

test('a busy port is one sentence that says what to do', async () => {
  await using dataDir = await createDataDir()
  const occupant = createServer()
  occupant.listen({ host: '127.0.0.1', port: 0 })
  await once(occupant, 'listening')
  const { port } = occupant.address() as { port: number }
  const service = startCommand('start', bareEnvironment(dataDir.path, { PORT: String(port) }))
  expect(await service.ended).toBe(1)
  expect(service.errors()).toMatch(
    new RegExp(`^Port ${port} at 127\\.0\\.0\\.1 cannot be used[^\n]* set PORT[^\n]*\n$`),
  )
  occupant.close()
})

test('a data directory that cannot be used is one sentence that says what to do', async () => {
  await using dataDir = await createDataDir()
  await writeFile(dataDir.path, 'a file, not a folder')
  const service = startCommand('start', bareEnvironment(dataDir.path))
  expect(await service.ended).toBe(1)
  expect(service.errors()).toMatch(
    /^The data directory [^\n]* cannot be used [^\n]*POSTRIDER_DATA_DIR[^\n]*\n$/,
  )
})

test('a configuration that is wrong is told as a whole', async () => {
  await using dataDir = await createDataDir()
  const service = startCommand(
    'start',
    bareEnvironment(dataDir.path, { LOG_LEVEL: 'loud', POSTRIDER_PROT: '1' }),
  )
  expect(await service.ended).toBe(1)
  expect(service.errors()).toMatch(/POSTRIDER_PROT is not a setting[^]*LOG_LEVEL must be one of/)
})
