import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkTargetUrl,
  localhostAddresses,
  mayCallAddress,
  NO_ALLOWED_TARGETS,
  parseAllowedTargets,
  type AllowedTargets,
} from '../../../src/sending/target-url.ts'

const PUBLIC_ONLY = { allowHttp: false, allowed: NO_ALLOWED_TARGETS }
const DEVELOPMENT = { allowHttp: true, allowed: allow('127.0.0.0/8,::1/128') }

function allow(text: string): AllowedTargets {
  const parsed = parseAllowedTargets(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.allowed
}

function reasonFor(url: string, rules = PUBLIC_ONLY): string | null {
  const checked = checkTargetUrl(url, rules)
  return checked.ok ? null : checked.reason
}

describe('a target URL', () => {
  it.each([
    ['https://example.com', 'https://example.com/', 'example.com'],
    ['https://Hooks.Example.COM:8443/a?b=c', 'https://hooks.example.com:8443/a?b=c', 'hooks.example.com'],
    ['https://bücher.de/päth', 'https://xn--bcher-kva.de/p%C3%A4th', 'xn--bcher-kva.de'],
    ['https://1.1.1.1/', 'https://1.1.1.1/', '1.1.1.1'],
    ['https://[2606:4700:4700::1111]:444/x', 'https://[2606:4700:4700::1111]:444/x', '2606:4700:4700::1111'],
    ['https://example.com/user@host', 'https://example.com/user@host', 'example.com'],
    ['https://test.com', 'https://test.com/', 'test.com'],
    ['https://my_host.example.org', 'https://my_host.example.org/', 'my_host.example.org'],
  ])('is accepted: %s', (url, href, host) => {
    expect(checkTargetUrl(url, PUBLIC_ONLY)).toEqual({ ok: true, href, host })
  })

  it.each([
    '',
    'example.com',
    '//example.com',
    'ftp://example.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'HTTPS://example.com',
    'https:example.com',
    'https:/example.com',
    'https:///example.com',
    'https://',
    'x:https://example.com',
    'ftp://example.com/https://example.org',
    'https://?x',
    ' https://example.com',
    'https://example.com ',
    'https://exa\tmple.com',
    'https://example.com/\r\nx: y',
    'https://example.com/\u0000',
    'https://example.com/\u007f',
    'https://example.com\\@127.0.0.1',
    'https://user:pass@example.com',
    'https://user@example.com',
    'https://@example.com',
    'https://example.com/#fragment',
    'https://example.com/#',
    'https://example.com:0',
    'https://example.com:65536',
    'https://example.com:22',
    'https://example.com:25',
    'https://example.com:2375',
    'https://example.com:3306',
    'https://example.com:5432',
    'https://example.com:6379',
    'https://example.com:7233',
    'https://example.com:8500',
    'https://example.com:9200',
    'https://example.com:10250',
    'https://example.com:11211',
    'https://example.com:27017',
    'https://example.com:06379',
    'https://example.com.',
    'https://example..com',
    'https://.example.com',
    `https://${'a'.repeat(64)}.com`,
    `https://${'a.'.repeat(127)}com`,
    'https://exa%00mple.com',
    'https://exa%20mple.com',
    'https://example.com%2f@127.0.0.1',
    'https://a*b.com',
    'https://[fe80::1%25eth0]',
    'https://[::1',
  ])('is refused whatever is allowed: %j', (url) => {
    expect(reasonFor(url)).toMatch(/^[A-Z].*\.$/)
    expect(checkTargetUrl(url, DEVELOPMENT).ok).toBe(false)
  })

  it('is refused when it is longer than 2048 characters', () => {
    const url = 'https://example.com/'.padEnd(2048, 'x')
    expect(reasonFor(url)).toBeNull()
    expect(reasonFor(`${url}x`)).toContain('2048')
    expect(reasonFor('https://example.com/'.padEnd(3072, 'x'))).not.toBeNull()
  })

  it.each([
    'https://127.0.0.1',
    'https://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1',
    'https://[::1]',
    'https://[::]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:a9fe:a9fe]',
    'https://[64:ff9b::7f00:1]',
    'https://[fd00:ec2::254]',
    'https://localhost',
    'https://a.localhost',
    'https://LOCALHOST:8443',
    'https://receiver',
    'https://printer.local',
    'https://metadata.google.internal',
    'https://a.localdomain',
    'https://home.arpa',
    'https://router.home.arpa',
    'https://a.onion',
    'https://a.test',
    'https://a.invalid',
    'https://a.example',
  ])('that is not public is refused, naming the setting that could allow it: %s', (url) => {
    expect(reasonFor(url)).toContain('POSTRIDER_ALLOWED_TARGETS')
  })

  it.each([
    'http://2130706433',
    'http://0x7f000001',
    'http://0x7f.1',
    'http://0177.0.0.1',
    'http://127.1',
    'http://127.0.1',
    'http://127.0.0.01',
    'http://127.0.0.%31',
    'http://１２７.0.0.1',
    'http://127。0。0。1',
    'http://127.0.0.1.',
  ])('with an IPv4 address in disguise is refused even where loopback is allowed: %s', (url) => {
    expect(reasonFor(url, DEVELOPMENT)).not.toBeNull()
  })

  it('may be plain http only where that is switched on', () => {
    expect(reasonFor('http://example.com')).toContain('POSTRIDER_ALLOW_HTTP')
    expect(reasonFor('http://127.0.0.1')).toContain('POSTRIDER_ALLOW_HTTP')
    expect(reasonFor('http://example.com', { ...PUBLIC_ONLY, allowHttp: true })).toBeNull()
  })

  it('may be on loopback where that is allowed, under each of its names', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '[::1]', 'localhost']) {
      expect(reasonFor(`http://${host}:4000/hook`, DEVELOPMENT)).toBeNull()
    }
    expect(reasonFor('http://[::ffff:127.0.0.1]', DEVELOPMENT)).not.toBeNull()
    expect(reasonFor('http://10.0.0.1', DEVELOPMENT)).not.toBeNull()
    expect(reasonFor('http://127.0.0.1:6379', DEVELOPMENT)).not.toBeNull()
    expect(reasonFor('http://localhost', { allowHttp: true, allowed: allow('10.0.0.0/8') })).not.toBeNull()
  })

  it('is not let through under any other private name because loopback is allowed', () => {
    for (const host of ['receiver', 'a.localhost', 'printer.local', 'metadata.google.internal', 'a.test']) {
      expect(reasonFor(`http://${host}:4000`, DEVELOPMENT)).toContain('POSTRIDER_ALLOWED_TARGETS')
    }
  })

  it('has a host name of at most 253 characters, and 63 between two dots', () => {
    const label = 'a'.repeat(63)
    const longest = `${label}.${label}.${label}.${'a'.repeat(57)}.com`
    expect(longest).toHaveLength(253)
    expect(reasonFor(`https://${longest}`)).toBeNull()
    expect(reasonFor(`https://a${longest.slice(0, -4)}.com`)).not.toBeNull()
    expect(reasonFor(`https://${label}.com`)).toBeNull()
    expect(reasonFor(`https://${label}a.com`)).toContain('63')
  })

  it.each([
    ['https://example.com.', 'end with a dot'],
    ['https://example..com', 'empty part'],
    ['https://.example.com', 'empty part'],
    ['ftp://example.com', 'must start with https:// and a host'],
  ])('is told what is wrong with it: %s', (url, words) => {
    expect(reasonFor(url)).toContain(words)
  })

  it('is told which schemes there are where http is allowed, and how to write an address', () => {
    expect(reasonFor('ftp://example.com', DEVELOPMENT)).toContain('https:// or http://')
    expect(reasonFor('http://2130706433', DEVELOPMENT)).toContain('four decimal numbers')
  })

  it('may name a host that is listed, and no other', () => {
    const rules = { allowHttp: true, allowed: allow('receiver, Hooks.Internal') }
    expect(reasonFor('http://receiver:8080', rules)).toBeNull()
    expect(reasonFor('http://hooks.internal', rules)).toBeNull()
    expect(reasonFor('http://other', rules)).not.toBeNull()
    expect(reasonFor('http://a.hooks.internal', rules)).not.toBeNull()
    expect(reasonFor('http://receiver.', rules)).not.toBeNull()
  })

  it('of any text is answered, and what is accepted stays accepted in its normal form', () => {
    const text = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.string().map((rest) => `https://${rest}`),
    )
    fc.assert(
      fc.property(text, (url) => {
        const checked = checkTargetUrl(url, PUBLIC_ONLY)
        if (checked.ok) expect(checkTargetUrl(checked.href, PUBLIC_ONLY)).toEqual(checked)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('localhost', () => {
  it.each([
    ['', []],
    ['10.0.0.0/8', []],
    ['127.0.0.0/8', ['127.0.0.1']],
    ['::1', ['::1']],
    ['::1,127.0.0.1', ['127.0.0.1', '::1']],
  ])('where %j is allowed stands for %j', (text, addresses) => {
    expect(localhostAddresses(allow(text))).toEqual(addresses)
  })
})

describe('the list of allowed targets', () => {
  it('is empty for an empty text', () => {
    expect(parseAllowedTargets('')).toEqual({ ok: true, allowed: NO_ALLOWED_TARGETS })
    expect(parseAllowedTargets(' , ')).toEqual({ ok: true, allowed: NO_ALLOWED_TARGETS })
  })

  it('takes CIDRs, single addresses and host names', () => {
    const allowed = allow('10.1.0.0/16, 192.168.1.7,fd00::/8,host.docker.internal,MÜLLER.internal')
    expect([...allowed.hosts]).toEqual(['host.docker.internal', 'xn--mller-kva.internal'])
    expect(mayCallAddress('10.1.255.255', allowed)).toBe(true)
    expect(mayCallAddress('10.2.0.0', allowed)).toBe(false)
    expect(mayCallAddress('192.168.1.7', allowed)).toBe(true)
    expect(mayCallAddress('192.168.1.8', allowed)).toBe(false)
    expect(mayCallAddress('fdab::1', allowed)).toBe(true)
    expect(mayCallAddress('fc00::1', allowed)).toBe(false)
    expect(mayCallAddress('8.8.8.8', allowed)).toBe(true)
    expect(mayCallAddress('nonsense', allowed)).toBe(false)
  })

  it('takes host names with digits in them', () => {
    expect([...allow('receiver1,2receiver,10.example').hosts]).toEqual([
      'receiver1',
      '2receiver',
      '10.example',
    ])
  })

  it('can allow every address of a family, and only of that', () => {
    expect(mayCallAddress('10.0.0.1', allow('0.0.0.0/0'))).toBe(true)
    expect(mayCallAddress('::1', allow('0.0.0.0/0'))).toBe(false)
  })

  it.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.1.2.3/8',
    '::1/129',
    '::/x',
    '127.1',
    '*.example.com',
    'a b',
    'a..b',
    'a.',
    'http://a',
    '-1/8',
  ])('refuses %j and says which entry it is', (entry) => {
    const parsed = parseAllowedTargets(`127.0.0.0/8,${entry}`)
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(`"${entry}"`) as string })
  })
})
