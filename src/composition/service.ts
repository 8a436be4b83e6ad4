import { join } from 'node:path'

import type { Config } from '../config.ts'
import { startApi } from './api.ts'
import { type Core, openCore } from './core.ts'
import { openClientSide, openWorkerSide } from './delivery-side.ts'

export interface ServiceParts {
  api: boolean
  worker: boolean
}

export interface Service {
  /** Where the API listens; null without one. */
  url: string | null
  core: Core
  /** Stops in order: the API, then what delivers, then what they stand on. Attempts in flight finish. */
  stop(): Promise<void>
}

export interface ServiceOptions {
  /** Where the workflows' bundle is kept between starts. */
  bundleDirectory: string
}

/** One process of the service: the API, the worker, or both. Both run the dispatcher. */
export async function startService(
  config: Config,
  parts: ServiceParts,
  { bundleDirectory }: ServiceOptions,
): Promise<Service> {
  await using starting = new AsyncDisposableStack()
  const core = await openCore(config, starting)
  const link = parts.worker
    ? await openWorkerSide(core, starting, bundleDirectory)
    : openClientSide(core, starting)
  const url = parts.api ? await startApi(core, link, starting) : null
  const resources = starting.move()
  return { url, core, stop: () => resources.disposeAsync() }
}

/** Where the processes of production keep the bundle: beside the code, made when the image is built. */
export const BUNDLE_DIRECTORY = join(import.meta.dirname, '../../dist')
