import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** The user's cache folder for what is fetched once (XDG Base Directory Specification). */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CACHE_HOME']
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.cache'), 'postrider')
}
