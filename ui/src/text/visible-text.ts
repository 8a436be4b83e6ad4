// Control characters, and the marks that change the direction of text or take no room, could make a text look like
// another one. They are shown as their code instead. Line breaks and tabs stay: text boxes lay them out.
const HIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu

/** Text from outside, made safe to read: nothing in it can hide or turn around. */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    return `\u27e8U+${code}\u27e9`
  })
}

/** Pretty-prints JSON for reading without parsing its numbers; anything else comes back as it is. */
export function indentedJson(text: string): string {
  try {
    JSON.parse(text)
  } catch {
    return text
  }
  return indent(text)
}

/** Works on valid JSON only: lays out brackets and commas that stand outside of strings. */
function indent(json: string): string {
  let depth = 0
  let out = ''
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gsu)) {
    if (token === '{' || token === '[') {
      depth += 1
      out += `${token}\n${'  '.repeat(depth)}`
    } else if (token === '}' || token === ']') {
      depth -= 1
      out = out.endsWith(`\n${'  '.repeat(depth + 1)}`)
        ? `${out.trimEnd()}${token}`
        : `${out}\n${'  '.repeat(depth)}${token}`
    } else if (token === ',') out += `,\n${'  '.repeat(depth)}`
    else if (token === ':') out += ': '
    else out += token
  }
  return out
}

/** The raw text of one member of the outermost object, byte for byte; undefined when it has none. */
export function rawMember(json: string, name: string): string | undefined {
  let depth = 0
  let key: string | undefined
  let start = -1
  for (const match of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gsu)) {
    const [token] = match
    const ends = depth === 1 && (token === ',' || token === '}')
    if (ends && start >= 0) return json.slice(start, match.index).trim()
    if (depth === 1 && token === ':' && key === name) start = match.index + 1
    if (depth === 1 && token.startsWith('"') && start < 0) key = JSON.parse(token) as string
    if (token === '{' || token === '[') depth += 1
    if (token === '}' || token === ']') depth -= 1
  }
  return undefined
}
