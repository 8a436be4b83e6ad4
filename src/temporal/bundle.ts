import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const WORKFLOWS = join(ROOT, 'workflows', 'index.ts')
/**
 * Evaluated once for all workflows instead of once for each. Nothing of ours keeps state in a module, and what is
 * preloaded is frozen.
 */
export const PRELOADED_MODULES: readonly string[] = [
  join(ROOT, 'workflows', 'sandbox.ts'),
  '@temporalio/workflow',
]
/** All that workflow code may consist of, by the import law. */
const SOURCE_FOLDERS = ['workflows', join('src', 'domain')]

/**
 * The workflows' code in one file, made once and kept in `directory` under the hash of its sources: building it takes
 * seconds, reading it none. In production it is made when the image is built, so that starting needs no bundler.
 */
export async function loadWorkflowBundle(directory: string): Promise<WorkflowBundleOption> {
  const codePath = join(directory, `workflows-${await sourcesHash()}.js`)
  if (await isReadable(codePath)) return { codePath }
  const { code } = await buildWorkflowBundle()
  try {
    await mkdir(directory, { recursive: true })
    // Written aside and renamed: another process may be reading, or building the same.
    const unfinishedPath = `${codePath}.${randomUUID()}`
    await writeFile(unfinishedPath, code)
    await rename(unfinishedPath, codePath)
    return { codePath }
  } catch {
    // A directory that cannot be written to costs the time of the next start, nothing else.
    return { code }
  }
}

export async function buildWorkflowBundle(): Promise<{ code: string }> {
  return bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    preloadModules: [...PRELOADED_MODULES, WORKFLOWS],
    logger: new DefaultLogger('ERROR'),
  })
}

async function isReadable(path: string): Promise<boolean> {
  try {
    return (await readFile(path, 'utf8')) !== ''
  } catch {
    return false
  }
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256')
  // The worker refuses a bundle of another version of the SDK.
  hash.update(await readFile(fileURLToPath(import.meta.url)))
  hash.update(await readFile(createRequire(import.meta.url).resolve('@temporalio/worker/package.json')))
  for (const folder of SOURCE_FOLDERS)
    for (const name of (await readdir(join(ROOT, folder))).sort())
      if (name.endsWith('.ts'))
        hash.update(`${folder}/${name}\n`).update(await readFile(join(ROOT, folder, name)))
  return hash.digest('hex').slice(0, 16)
}
