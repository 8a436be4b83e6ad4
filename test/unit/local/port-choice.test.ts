import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { choosePorts, type PortWish } from '../../../src/local/port-choice.ts'
import { findFreePort } from '../../../src/local/ports.ts'

const HOST = '127.0.0.1'
let occupant: Server
let busyPort = 0

beforeEach(async () => {
  occupant = createServer().listen({ host: HOST, port: 0 })
  await once(occupant, 'listening')
  busyPort = (occupant.address() as { port: number }).port
})
afterEach(() => {
  occupant.close()
})

function memoryOf(ports: Record<string, number> = {}) {
  return {
    ports,
    recallPort: (setting: string) => ports[setting],
    rememberPort: (setting: string, port: number) => {
      ports[setting] = port
    },
  }
}

function wish(port: number, isExplicit = false): PortWish {
  return { setting: 'SOME_PORT', host: HOST, port, isExplicit }
}

test('a default that is free is taken', async () => {
  const port = await findFreePort(HOST)
  expect((await choosePorts([wish(port)], memoryOf())).get('SOME_PORT')).toBe(port)
})

test('a busy default is replaced by a free port, which is remembered and taken again', async () => {
  const memory = memoryOf()
  const first = (await choosePorts([wish(busyPort)], memory)).get('SOME_PORT')
  expect(first).not.toBe(busyPort)
  expect(memory.ports).toEqual({ SOME_PORT: first })
  occupant.close()
  await once(occupant, 'close')
  expect((await choosePorts([wish(busyPort)], memory)).get('SOME_PORT')).toBe(first)
})

test('a remembered port that is busy now gives way to the default', async () => {
  const port = await findFreePort(HOST)
  expect((await choosePorts([wish(port)], memoryOf({ SOME_PORT: busyPort }))).get('SOME_PORT')).toBe(port)
})

test('a busy port that somebody asked for is refused with what to do', async () => {
  await expect(choosePorts([wish(busyPort, true)], memoryOf())).rejects.toThrow(
    new RegExp(`^Port ${busyPort} at .* set SOME_PORT to another port\\.$`),
  )
})

test('no port is given twice', async () => {
  const port = await findFreePort(HOST)
  const chosen = await choosePorts([wish(port), { ...wish(port), setting: 'OTHER_PORT' }], memoryOf())
  expect(new Set(chosen.values()).size).toBe(2)
})
