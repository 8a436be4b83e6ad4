import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** The tests look at the page as it is now, not as it was when it was built last. */
export async function setup(): Promise<void> {
  await build({
    configFile: fileURLToPath(new URL('../../../ui/vite.config.ts', import.meta.url)),
    logLevel: 'error',
  })
}
