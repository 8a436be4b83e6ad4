import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Worker, type WorkflowBundleOption } from '@temporalio/worker'
import { beforeAll, describe, expect, it } from 'vitest'

import { buildWorkflowBundle } from '../../src/temporal/bundle.ts'
import { installRuntime } from '../../src/temporal/runtime.ts'
import { SCENARIOS } from './support/scenarios.ts'

const FOLDER = join(import.meta.dirname, 'histories')
const NAMES = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''))

interface RecordedHistory {
  events: Record<string, Record<string, unknown>>[]
}

let workflowBundle: WorkflowBundleOption

beforeAll(async () => {
  installRuntime({ log: () => undefined })
  workflowBundle = await buildWorkflowBundle()
})

describe('a delivery that slept through an upgrade', () => {
  it.each(NAMES)('goes on with the new code: %s', async (name) => {
    await expect(replay(historyOf(name), name)).resolves.toBeUndefined()
  })

  it('would be seen to break, had the code changed its steps', async () => {
    const text = readFileSync(join(FOLDER, 'retried.json'), 'utf8')
    const changed = text.replaceAll('"attempt"', '"attemptOtherwise"')
    await expect(replay(JSON.parse(changed), 'retried')).rejects.toThrow(/[Nn]ondeterminism/)
  })

  it('has a recorded history for every path', () => {
    expect(NAMES.toSorted()).toEqual(expect.arrayContaining(Object.keys(SCENARIOS).toSorted()))
  })
})

describe('a recorded history', () => {
  // Without the flags of the SDK that made it, a replay skips checks silently.
  it.each(NAMES)('carries the SDK’s metadata: %s', (name) => {
    const completed = historyOf(name).events.flatMap(
      (event) => event['workflowTaskCompletedEventAttributes'] ?? [],
    )
    expect(JSON.stringify(completed)).toMatch(/"coreUsedFlags":\[\d/)
  })

  it.each(NAMES)('holds ids, numbers and enums only: %s', (name) => {
    const text = readFileSync(join(FOLDER, `${name}.json`), 'utf8')
    const payloads = [...text.matchAll(/"data": ?"([A-Za-z0-9+/=]*)"/g)].map(([, data = '']) =>
      Buffer.from(data, 'base64').toString(),
    )
    expect(payloads.length).toBeGreaterThan(2)
    for (const payload of payloads) {
      expect(payload).not.toMatch(/https?:|whsec|whk_|"(url|headers|secret|body|payload|data)"/i)
      expect(payload.length).toBeLessThan(600)
    }
    expect(text).not.toMatch(/https?:\/\/|file:|"stackTrace": ?"[^"]/)
  })
})

function historyOf(name: string): RecordedHistory {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as RecordedHistory
}

async function replay(history: unknown, name: string): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle, replayName: name }, history, `delivery-${name}`)
}
