/** Set by curl itself, or wrong for a body that is not the one signed. */
const LEFT_OUT = new Set(['host', 'content-length', 'connection', 'accept-encoding'])

/** A line for a shell. Masked values, such as signatures, stay masked: the secret is not at hand here. */
export function curlCommand(
  url: string,
  headers: Readonly<Record<string, string>> | null,
  body: string | undefined,
): string {
  const sent = headers ?? { 'content-type': 'application/json' }
  const lines = [
    `curl --request POST ${quoted(url)}`,
    ...Object.entries(sent)
      .filter(([name]) => !LEFT_OUT.has(name.toLowerCase()))
      .map(([name, value]) => `--header ${quoted(`${name}: ${value}`)}`),
    `--data-raw ${quoted(body ?? '{}')}`,
  ]
  return lines.join(' \\\n  ')
}

/** One word for a POSIX shell, whatever it holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
