import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { CONFIG_NAMES } from '../../src/config.ts'
import { DYNAMIC_CONFIG } from '../../src/local/temporal.ts'

const ROOT = resolve(import.meta.dirname, '../..')

interface Service {
  build?: string
  image?: string
  command?: string[]
  environment?: Record<string, string>
  entrypoint?: string[]
  healthcheck?: { test: string[] }
  depends_on?: Record<string, { condition: string }>
  volumes?: string[]
}

interface ComposeFile {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}

const composeText = read('docker-compose.yml')
const compose = parse(composeText, { merge: true }) as ComposeFile
const services = Object.entries(compose.services)
const own = services.filter(([, service]) => service.build === '.')

/** The names that only the compose file itself reads. */
const COMPOSE_NAMES = ['POSTGRES_PASSWORD']

describe('docker-compose.yml', () => {
  it('runs the three parts of Postrider from one image', () => {
    const commands = own.map(([name, service]) => [name, service.command?.join(' ')])

    expect(commands).toEqual([
      ['migrate', 'node src/bin/migrate.ts'],
      ['api', 'node src/bin/api.ts'],
      ['worker', 'node src/bin/worker.ts'],
    ])
  })

  it('gives them only names that the configuration knows', () => {
    const given = new Set(own.flatMap(([, service]) => Object.keys(service.environment ?? {})))

    expect([...given].filter((name) => !CONFIG_NAMES.includes(name))).toEqual([])
    expect([...given]).toEqual(
      expect.arrayContaining(['DATABASE_URL', 'TEMPORAL_ADDRESS', 'POSTRIDER_MASTER_KEYS']),
    )
  })

  it('hands on every setting that has a meaning outside `npm start`', () => {
    const given = Object.keys(own[0]?.[1].environment ?? {})
    const ofStart = /_PORT$|^POSTRIDER_DATA_DIR$/
    // Temporal Cloud is reached without the Temporal service of this file, so its key has no place in it.
    const leftOut = ['TEMPORAL_API_KEY', 'FAILPOINT']
    const expected = CONFIG_NAMES.filter((name) => !ofStart.test(name) && !leftOut.includes(name))

    expect(given.toSorted()).toEqual(expected.toSorted())
  })

  it('writes every command as a list of texts', () => {
    const lists = services.map(([, service]) => [
      service.command,
      service.entrypoint,
      service.healthcheck?.test,
    ])

    for (const word of lists.flat(2)) expect(['string', 'undefined']).toContain(typeof word)
  })

  it('waits only for services it has, in a state they can reach', () => {
    for (const [, service] of services) {
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        const awaited = compose.services[name]
        expect(awaited, name).toBeDefined()
        if (condition === 'service_healthy') expect(awaited?.healthcheck, name).toBeDefined()
      }
    }
  })

  it('mounts only volumes and files that are there', () => {
    const sources = services
      .flatMap(([, service]) => service.volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '')

    for (const source of sources) {
      expect(
        source.startsWith('./') ? existsSync(resolve(ROOT, source)) : source in compose.volumes,
        source,
      ).toBe(true)
    }
  })

  it('names an exact version of every image it does not build', () => {
    const images = services.filter(([, service]) => service.build === undefined).map(([, { image }]) => image)

    for (const image of images) expect(image).toMatch(/^[a-z/-]+:\d+(\.\d+)*$/)
  })
})

describe('docker/temporal-dynamic-config.yaml', () => {
  it('sets what `npm start` sets, less what is for its SQLite or its version alone', () => {
    const settings = parse(read('docker/temporal-dynamic-config.yaml')) as Record<
      string,
      { value: unknown }[]
    >
    const { rest, ofStartAlone } = splitDynamicConfig()

    expect(ofStartAlone).toHaveLength(3)
    expect(Object.fromEntries(Object.entries(settings).map(([name, [only]]) => [name, only?.value]))).toEqual(
      rest,
    )
  })
})

function splitDynamicConfig() {
  const isOfStartAlone = ([name]: [string, unknown]) =>
    name.startsWith('history.visibilityProcessor') || name.startsWith('system.forceNexus')
  const entries = Object.entries(DYNAMIC_CONFIG)
  return {
    ofStartAlone: entries.filter(isOfStartAlone),
    rest: Object.fromEntries(entries.filter((entry) => !isOfStartAlone(entry))),
  }
}

describe('.env.example', () => {
  const names = [...read('.env.example').matchAll(/^#?([A-Z_]+)=(.*)$/gm)].map((match) => match[1] ?? '')

  it('holds only names that the configuration or the compose file knows', () => {
    expect(names.filter((name) => !CONFIG_NAMES.includes(name) && !COMPOSE_NAMES.includes(name))).toEqual([])
  })

  it('holds every name that the compose file asks for', () => {
    const asked = new Set([...composeText.matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map((match) => match[1] ?? ''))

    expect([...asked].filter((name) => !names.includes(name))).toEqual([])
  })
})

describe('Dockerfile', () => {
  const text = read('Dockerfile')

  it('copies only what is there, and all that the service imports', () => {
    const copied = [...text.matchAll(/--from=build \/app\/(\S+)/g)].map((match) => match[1] ?? '')

    expect(copied).toEqual(
      expect.arrayContaining([
        'node_modules',
        'src',
        'workflows',
        'activities',
        'migrations',
        'ui/dist',
        'dist',
      ]),
    )
  })

  it('runs as an ordinary user', () => {
    const last = text.split(/^FROM /m).at(-1) ?? ''

    expect(last).toMatch(/^USER node$/m)
  })
})

function read(path: string): string {
  return readFileSync(resolve(ROOT, path), 'utf8')
}
