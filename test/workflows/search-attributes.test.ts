import { randomUUID } from 'node:crypto'

import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import {
  checkSearchAttributes,
  registerCommand,
  registerSearchAttributes,
} from '../../src/temporal/search-attributes.ts'
import { SEARCH_ATTRIBUTE_NAMES } from '../../workflows/contract.ts'
import { until } from './support/delivery-lab.ts'
import { runTemporal } from './support/operator-cli.ts'

const PERMISSION_DENIED = 7

let connection: Connection

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') })
})

afterAll(async () => {
  await connection.close()
})

describe('a namespace that has never seen a delivery', () => {
  it('is told of the search attributes once', async () => {
    const client = await clientOfNewNamespace()
    expect(await checkSearchAttributes(client)).toEqual(SEARCH_ATTRIBUTE_NAMES)
    expect(await registerSearchAttributes(client)).toEqual({
      kind: 'registered',
      added: SEARCH_ATTRIBUTE_NAMES,
    })
    await until(async () => (await checkSearchAttributes(client)).length === 0)
    expect(await registerSearchAttributes(client)).toEqual({ kind: 'registered', added: [] })
  })

  it('can be told by the command that is printed instead', async () => {
    const client = await clientOfNewNamespace()
    const [, ...args] = registerCommand(client.options.namespace).split(' ')
    await runTemporal(inject('temporalAddress'), args)
    await until(async () => (await checkSearchAttributes(client)).length === 0)
  })
})

describe('a server that lets nobody look or register', () => {
  const refusing = {
    options: { namespace: 'cloud' },
    connection: {
      withDeadline: async (_: number, call: () => Promise<unknown>) => call(),
      operatorService: {
        listSearchAttributes: async () =>
          Promise.reject(Object.assign(new Error('not allowed'), { code: PERMISSION_DENIED })),
      },
    },
  } as unknown as Client

  it('leaves the registering to somebody who may', async () => {
    expect(await registerSearchAttributes(refusing)).toEqual({
      kind: 'refused',
      command: registerCommand('cloud'),
    })
  })

  it('does not keep the service from being ready', async () => {
    expect(await checkSearchAttributes(refusing)).toEqual([])
  })
})

/** The server needs a moment to know a new namespace. */
async function clientOfNewNamespace(): Promise<Client> {
  const namespace = `test-${randomUUID()}`
  await runTemporal(inject('temporalAddress'), ['operator', 'namespace', 'create', '--namespace', namespace])
  const client = new Client({ connection, namespace })
  await until(async () => {
    try {
      await checkSearchAttributes(client)
      return true
    } catch {
      return false
    }
  })
  return client
}
