import { checkTargetUrl, type TargetRules } from './target-url.ts'

/** Where a request goes, taken apart once. */
export interface Target {
  /** Scheme, host and port: connections are shared by what has the same one. */
  readonly origin: string
  readonly isSecure: boolean
  /** A name or an IP literal without brackets. */
  readonly host: string
  readonly port: number
  /** Path and query. */
  readonly path: string
}

const REMEMBERED_TARGETS = 1_000

/**
 * Judges stored URLs by the rules of today and takes them apart, remembering the most recent ones.
 * @returns null for a URL that may not be called.
 */
export function createTargetReader(rules: TargetRules): (url: string) => Target | null {
  const remembered = new Map<string, Target | null>()
  return (url) => {
    const known = remembered.get(url)
    if (known !== undefined) return known
    const target = readTarget(url, rules)
    for (const oldest of remembered.keys()) {
      if (remembered.size < REMEMBERED_TARGETS) break
      remembered.delete(oldest)
    }
    remembered.set(url, target)
    return target
  }
}

function readTarget(text: string, rules: TargetRules): Target | null {
  const checked = checkTargetUrl(text, rules)
  if (!checked.ok) return null
  const url = new URL(checked.href)
  const isSecure = url.protocol === 'https:'
  return {
    origin: url.origin,
    isSecure,
    host: checked.host,
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
  }
}
