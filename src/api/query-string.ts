/** Query parameters that are numbers. Bodies are never coerced; a query has nothing but text. */
const NUMBERS = new Set(['limit'])

/**
 * Reads a query strictly: what is not percent-encoded UTF-8 stays as it is, and so becomes an unknown parameter that is
 * refused by name. A parameter given twice becomes an array, which no schema takes.
 */
export function parseQueryString(text: string): Record<string, unknown> {
  const query: Record<string, unknown> = {}
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const split = pair.indexOf('=')
    const name = decode(split < 0 ? pair : pair.slice(0, split))
    const value = split < 0 ? '' : decode(pair.slice(split + 1))
    if (name === undefined || value === undefined) define(query, pair, '')
    else define(query, name, NUMBERS.has(name) && /^-?\d{1,9}$/.test(value) ? Number(value) : value)
  }
  return query
}

/** Defined, not assigned: `__proto__` is a name like any other here. */
function define(query: Record<string, unknown>, name: string, value: unknown): void {
  const isTwice = Object.hasOwn(query, name)
  Object.defineProperty(query, name, {
    value: isTwice ? [query[name], value] : value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
