import { isAscii, isUtf8 } from 'node:buffer'

import { DomainError } from '../domain/errors.ts'
import type { App, RawMember } from './app-type.ts'
import { JsonSyntaxError, type RawSlice, scanJson } from './json-scanner.ts'
import { HttpError } from './problem.ts'
import { RawJson } from './raw-json.ts'

const BOM = 0xef
const UTF8_CONTENT_TYPE =
  /^application\/json[ \t]*(;[ \t]*charset[ \t]*=[ \t]*("utf-8"|utf-8)[ \t]*)?;?[ \t]*$/i

const ONLY_JSON = 'Send the body as application/json in UTF-8, without other parameters.'

/** Makes one strict JSON parser the only way into the API. */
export function addStrictJson(app: App): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) {
      done(null, undefined)
      return
    }
    try {
      refuseEncoding(request.headers['content-encoding'])
      if (!UTF8_CONTENT_TYPE.test(request.headers['content-type'] ?? ''))
        throw new HttpError('unsupported_media_type', ONLY_JSON)
      done(null, parseStrictJson(body, request.routeOptions.config.rawMember))
    } catch (error) {
      done(error as Error)
    }
  })
  // Where no body is read, none can be wrong.
  app.addContentTypeParser('*', (request, payload, done) => {
    payload.resume()
    const isRead = request.routeOptions.schema?.body !== undefined
    done(isRead ? new HttpError('unsupported_media_type', ONLY_JSON) : null)
  })
}

/** Nothing is inflated here: a small body could become a large one. */
function refuseEncoding(encoding: string | undefined): void {
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new HttpError('unsupported_media_type', 'Send the body without Content-Encoding.')
}

/**
 * Reads a body: strict JSON (RFC 8259) in UTF-8 without a BOM, no duplicate keys, 64 levels at most. Members named by
 * `rawMember` become RawJson. An empty body is undefined. Throws HttpError `malformed_json`, DomainError `invalid_input`.
 */
export function parseStrictJson(bytes: Buffer, rawMember?: RawMember): unknown {
  if (bytes.length === 0) return undefined
  const text = decode(bytes)
  try {
    const { raw, unstorable } = scanJson(text, rawMember)
    if (unstorable.length > 0)
      throw new DomainError('invalid_input', unstorable[0]?.detail ?? '', { errors: unstorable })
    return raw.length === 0 ? JSON.parse(text) : parseAround(text, raw, rawMember)
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw new HttpError('malformed_json', `The body is not strict JSON: ${error.message}`, {
        errors: error.errors,
      })
    throw error
  }
}

function decode(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (!isUtf8(bytes)) throw new HttpError('malformed_json', 'The body is not UTF-8.')
  if (bytes[0] === BOM && bytes[1] === 0xbb && bytes[2] === 0xbf)
    throw new HttpError('malformed_json', 'The body begins with a byte order mark; send it without.')
  return bytes.toString('utf8')
}

/** Parses everything but the raw members, which are put in as text: they may be large, and nobody reads them here. */
function parseAround(text: string, raw: readonly RawSlice[], rawMember: RawMember | undefined): unknown {
  const parts: string[] = []
  let end = 0
  for (const slice of raw) {
    parts.push(text.slice(end, slice.start), 'null')
    end = slice.end
  }
  parts.push(text.slice(end))
  const body = JSON.parse(parts.join('')) as { data?: unknown; events?: { data?: unknown }[] }
  for (const { start, end: sliceEnd, index } of raw) {
    const owner = rawMember === 'data' ? body : body.events?.[index]
    if (owner !== undefined) owner.data = new RawJson(text.slice(start, sliceEnd))
  }
  return body
}
