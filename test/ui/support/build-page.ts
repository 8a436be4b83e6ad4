import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../../..')
const VITE = join(ROOT, 'node_modules/vite/bin/vite.js')

/**
 * The tests look at the page as it is now, not as it was when it was built last. The build is a process of its own:
 * in the test runner's environment the libraries would be built for development.
 */
export async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, [VITE, 'build', 'ui', '--logLevel', 'error'], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'production' },
  })
}
