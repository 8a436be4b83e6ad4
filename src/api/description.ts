import { Registry } from 'prom-client'

import type { AppDeps } from './app-deps.ts'
import { buildApp } from './app.ts'

/** The API's description (OpenAPI 3.1) as text, as it is committed. Nothing is opened for it. */
export async function describeApi(version: string): Promise<string> {
  const app = await buildApp(depsForDescription(version))
  await app.ready()
  const description = JSON.stringify(app.swagger(), null, 2)
  await app.close()
  return `${description}\n`
}

/** No handler runs while the routes are described, so what handlers use is not there. */
function depsForDescription(version: string): AppDeps {
  const real: Partial<AppDeps> = {
    version,
    publicUrl: 'http://127.0.0.1:3000',
    pageDirectory: '',
    metrics: new Registry(),
  }
  return new Proxy(real as AppDeps, {
    get: (deps, name) => (Reflect.get(deps, name) as unknown) ?? (name === 'logger' ? SILENT : NOTHING),
  })
}

const silence = (): void => undefined

const SILENT: AppDeps['logger'] = {
  level: 'silent',
  fatal: silence,
  error: silence,
  warn: silence,
  info: silence,
  debug: silence,
  trace: silence,
  silent: silence,
  child: () => SILENT,
}

const NOTHING = {}
