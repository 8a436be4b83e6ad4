import { describe, expect, it } from 'vitest'
import fc from 'fast-check'

import { RawJson } from '../../../src/api/raw-json.ts'
import { parseStrictJson } from '../../../src/api/strict-json.ts'

function parse(text: string, rawMember?: 'data' | 'events/*/data'): unknown {
  return parseStrictJson(Buffer.from(text), rawMember)
}

function refusalOf(
  text: string | Buffer,
  rawMember?: 'data' | 'events/*/data',
): { code: string; message: string; errors: unknown } {
  try {
    parseStrictJson(Buffer.from(text), rawMember)
  } catch (error) {
    return error as { code: string; message: string; errors: unknown }
  }
  throw new Error(`accepted: ${text.slice(0, 80).toString()}`)
}

describe('a strict JSON body', () => {
  it.each([
    ['a trailing comma in an object', '{"a":1,}'],
    ['a trailing comma in an array', '[1,]'],
    ['trailing garbage', '{"a":1} x'],
    ['a second value', '{"a":1}{"b":2}'],
    ['an unquoted name', '{a:1}'],
    ['single quotes', "{'a':1}"],
    ['a comment', '{"a":1/* */}'],
    ['a missing colon', '{"a" 1}'],
    ['a missing comma', '{"a":1 "b":2}'],
    ['an open object', '{"a":1'],
    ['an open array', '[1,2'],
    ['an open string', '"abc'],
    ['only space', '   '],
    ['a leading zero', '01'],
    ['a leading plus', '+1'],
    ['a bare point', '.5'],
    ['a point without digits', '1.'],
    ['an exponent without digits', '1e'],
    ['a lone minus', '-'],
    ['hexadecimal', '0x10'],
    ['NaN', 'NaN'],
    ['Infinity', '-Infinity'],
    ['undefined', 'undefined'],
    ['a misspelt word', 'tru'],
    ['a word in capitals', 'True'],
    ['a control character in a string', '"a\nb"'],
    ['a tab in a string', '"a\tb"'],
    ['an unknown escape', '"\\x41"'],
    ['a short unicode escape', '"\\u12"'],
    ['a bad unicode escape', '"\\u12g4"'],
    ['a no-break space outside strings', '\u00a0{}'],
    ['a form feed between tokens', '{\f}'],
  ])('is refused with %s', (_name, text) => {
    expect(refusalOf(text).code).toBe('malformed_json')
  })

  it('is refused with a byte order mark, whatever follows', () => {
    expect(refusalOf(Buffer.from('\ufeff{}')).message).toContain('byte order mark')
  })

  it.each([
    [[0x22, 0xff, 0x22]],
    [[0x22, 0xc0, 0x80, 0x22]],
    [[0x22, 0xed, 0xa0, 0x80, 0x22]],
    [[0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
  ])('is refused when it is not UTF-8: %j', (bytes) => {
    expect(refusalOf(Buffer.from(bytes)).message).toContain('UTF-8')
  })

  it('says where it stopped understanding', () => {
    expect(refusalOf('{\n  "a": 1,\n  b: 2\n}').message).toContain('line 3, column 3')
  })

  it('names a member that is there twice, wherever it is', () => {
    const refusal = refusalOf('{"a":[{"x/y":1,"\\u0078/y":2}]}')
    expect(refusal.code).toBe('malformed_json')
    expect(refusal.errors).toEqual([{ pointer: '/a/0/x~1y', detail: 'The member "x/y" is there twice.' }])
  })

  it('finds a duplicate among many members, and inside raw members', () => {
    const many = Array.from({ length: 40 }, (_, index) => `"k${index}":0`).join(',')
    expect(refusalOf(`{${many},"k7":1}`).message).toContain('"k7"')
    expect(refusalOf(`{"data":{${many},"k39":1}}`, 'data').message).toContain('"k39"')
  })

  it('takes 64 levels and refuses 65, and 100 000 without running out of stack', () => {
    expect(parse('['.repeat(64) + ']'.repeat(64))).toBeDefined()
    expect(refusalOf('['.repeat(65) + ']'.repeat(65)).message).toContain('64 levels')
    expect(refusalOf('{"a":'.repeat(100_000)).message).toContain('64 levels')
    expect(refusalOf(`{"data":${'{"a":'.repeat(64)}1${'}'.repeat(64)}}`, 'data').message).toContain(
      '64 levels',
    )
  })

  it('keeps __proto__ a member like any other', () => {
    const body = parse(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as object
    expect(Object.hasOwn(body, '__proto__')).toBe(true)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect((body as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it.each([
    ['NUL', '{"name":"a\\u0000b"}', '/name'],
    ['half of a surrogate pair', '{"list":["x","\\ud83d"]}', '/list/1'],
    ['a low surrogate first', '{"a":{"b":"\\ude00\\ud83d"}}', '/a/b'],
    ['NUL in a name', '{"a":{"\\u0000":1}}', '/a'],
  ])('refuses %s in text that would be stored', (_name, text, pointer) => {
    const refusal = refusalOf(text)
    expect(refusal.code).toBe('invalid_input')
    expect(refusal.errors).toMatchObject([{ pointer }])
  })

  it('is undefined when empty, which the schema then judges', () => {
    expect(parse('')).toBeUndefined()
  })

  it('reads whatever JSON.parse reads, to the same value', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ noUnicodeString: false, maxDepth: 6 }),
        fc.constantFrom(0, 1, '\t'),
        (value, indent) => {
          const text = JSON.stringify(value, null, indent)
          fc.pre(!/\\u0000|\\ud[89a-f]/i.test(text))
          expect(parse(text)).toEqual(JSON.parse(text))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('refuses whatever JSON.parse refuses', () => {
    const alphabet = [
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '\\',
      'u',
      '0',
      'e',
      '+',
      '-',
      '.',
      '1',
      ' ',
      't',
      'true',
      'null',
      '"a"',
      '\u00e9',
      '\n',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...alphabet), { maxLength: 14 }), (parts) => {
        const text = parts.join('')
        fc.pre(text.length > 0)
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        if (!isJson) expect(() => parse(text)).toThrow()
      }),
      { numRuns: 20_000 },
    )
  })
})

describe('the member data', () => {
  const awkward =
    '{ "n" : 1e400, "big":9007199254740993, "f":1.0, "\\u0061":"\\u00e9\\ud800\\u0000", "z":{"data":[ ]}}'

  it('arrives as it was sent, byte for byte', () => {
    const body = parse(`{"type":"task.created","data":${awkward} ,"workflowId":"é"}`, 'data') as Record<
      string,
      unknown
    >
    expect(body['data']).toBeInstanceOf(RawJson)
    expect((body['data'] as RawJson).text).toBe(awkward)
    expect(body['workflowId']).toBe('é')
    expect(Object.keys(body)).toEqual(['type', 'data', 'workflowId'])
  })

  it('does so for every event of a batch', () => {
    const body = parse(
      `{"events":[{"data":{"a":1.0}},{"type":"x"},{"data":[1]},{"type":"y","data":${awkward}}]}`,
      'events/*/data',
    ) as {
      events: { data?: unknown }[]
    }
    const texts = body.events.map(({ data }) => (data instanceof RawJson ? data.text : data))
    expect(texts).toEqual(['{"a":1.0}', undefined, [1], awkward])
  })

  it('is left to the schema when it is no object', () => {
    expect(parse('{"data":"text"}', 'data')).toEqual({ data: 'text' })
    expect(parse('{"data":null}', 'data')).toEqual({ data: null })
  })

  it('is raw only where the route says so', () => {
    expect(parse('{"x":{"data":{"a":1}}}', 'data')).toEqual({ x: { data: { a: 1 } } })
    expect(parse('{"data":{"a":1}}')).toEqual({ data: { a: 1 } })
    expect(refusalOf('{"x":{"data":{"a":"\\u0000"}}}', 'data').code).toBe('invalid_input')
  })

  it.each(['"text"', 'null', '[]', '[1]', '{"data":{}}'])(
    'is found beside a member "events" that is %s',
    (events) => {
      const body = parse(`{"events":${events},"data":{"a":1.0}}`, 'data') as { data: RawJson }
      expect(body.data.text).toBe('{"a":1.0}')
    },
  )

  it('is found when its name is written with escapes', () => {
    const body = parse('{"d\\u0061ta":{"a":1.0}}', 'data') as { data: RawJson }
    expect(body.data.text).toBe('{"a":1.0}')
  })
})
