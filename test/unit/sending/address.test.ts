import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { contains, isPublicAddress, parseAddress, parseNetwork } from '../../../src/sending/address.ts'

interface AddressCases {
  forbidden: string[]
  allowed: string[]
}

const cases = JSON.parse(
  readFileSync(new URL('../../data/addresses.json', import.meta.url), 'utf8'),
) as AddressCases

/** Every refused block with its first and last address and the public neighbour on each side, where there is one. */
const BLOCK_EDGES: [first: string, last: string, before: string | null, behind: string | null][] = [
  ['0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
  ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['168.63.129.16', '168.63.129.16', '168.63.129.15', '168.63.129.17'],
  ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.31.196.0', '192.31.196.255', '192.31.195.255', '192.31.197.0'],
  ['192.52.193.0', '192.52.193.255', '192.52.192.255', '192.52.194.0'],
  ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['192.175.48.0', '192.175.48.255', '192.175.47.255', '192.175.49.0'],
  ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0', '255.255.255.255', '223.255.255.255', null],
  ['::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, '2000::'],
  [
    '2001::',
    '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001:200::',
  ],
  ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7:ffff::', '2001:db9::'],
  ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:ffff::', '2003::'],
  ['2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff', '2620:4f:7fff:ffff::', '2620:4f:8001::'],
  ['3ffe::', '3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffd:ffff::', '3fff:1000::'],
  ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', null, '3fff:1000::'],
  ['4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null],
]

describe('the address classifier', () => {
  it.each(cases.forbidden)('refuses %j', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it.each(cases.allowed)('lets %s pass', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  it.each(BLOCK_EDGES)(
    'refuses the block from %s to %s and nothing beside it',
    (first, last, before, behind) => {
      expect(isPublicAddress(first)).toBe(false)
      expect(isPublicAddress(last)).toBe(false)
      for (const neighbour of [before, behind])
        if (neighbour !== null) expect(isPublicAddress(neighbour)).toBe(true)
    },
  )

  it.each([
    '1.1.1',
    '1.1.1.1.1',
    '01.1.1.1',
    '1.1.1.256',
    '0x1.1.1.1',
    ' 1.1.1.1',
    '1.1.1.1 ',
    '1.1.1.1/32',
    '2606:4700:4700::1111%eth0',
    '[2606:4700:4700::1111]',
    '2606:4700:4700:::1111',
    '2606::4700::1111',
    '2606:4700',
    '2606:4700:4700:0:0:0:0:0:1111',
    '2606:4700:4700:0:0:0:0::1111',
    '2606:47000::1',
    '2606:1.1.1.1::1',
    '2606::1.1.1',
    '2606::g',
    ':2606::1',
    '2606::1:',
    ':::',
    '\u0661.1.1.1',
  ])('fails closed on the malformed %j', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it('judges IPv6 by value, however it is written', () => {
    expect(isPublicAddress('2606:4700:4700:0000:0000:0000:0000:1111')).toBe(true)
    expect(isPublicAddress('2606:4700:4700::17.17')).toBe(false)
    expect(isPublicAddress('2606:4700:4700::0.0.17.17')).toBe(true)
    expect(isPublicAddress('2606:4700:4700:0:0:0:1.1.1.1')).toBe(true)
    expect(isPublicAddress('2606:1:1:1:1:1:1::')).toBe(true)
    expect(isPublicAddress('2606:4700::')).toBe(true)
    expect(isPublicAddress('2606:1:1:1:1:1:1:1::')).toBe(false)
    expect(isPublicAddress('2606::1.1.1.1:1')).toBe(false)
    expect(isPublicAddress('FE80::1')).toBe(false)
    expect(isPublicAddress('2001:DB8::1')).toBe(false)
  })
})

/** Where the independent library calls an IPv4 address plain unicast and we still refuse it. */
const IPV4_DISAGREEMENTS = [
  // Azure's platform address answers for the host from inside every one of its machines.
  '168.63.129.16/32',
]

/** The same for IPv6. */
const IPV6_DISAGREEMENTS = [
  // IETF protocol assignments that the library knows only in parts.
  '2001::/23',
  // The 6bone's space, returned in 2006 and not routed.
  '3ffe::/16',
]

describe('against ipaddr.js', () => {
  it('agrees on the first, the last and a random address of every /16 of IPv4', () => {
    for (let block = 0; block < 65_536; block += 1) {
      const prefix = `${block >> 8}.${block & 255}`
      const middle = `${prefix}.${(block * 7919) % 256}.${(block * 104_729) % 256}`
      for (const address of [`${prefix}.0.0`, `${prefix}.255.255`, middle]) compareIpv4(address)
    }
  })

  it('agrees on random IPv4 addresses', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => compareIpv4(address)),
      { numRuns: 20_000 },
    )
  })

  it('agrees on addresses of every /24 of the /16 blocks that hold a smaller refused one', () => {
    for (const prefix of ['192.0', '192.31', '192.52', '192.88', '192.175', '198.51', '203.0', '168.63']) {
      for (let block = 0; block < 256; block += 1) {
        for (const host of [0, 1, 15, 16, 17, 254, 255]) compareIpv4(`${prefix}.${block}.${host}`)
      }
    }
  })

  it('agrees on random IPv6 addresses', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => compareIpv6(address)),
      { numRuns: 20_000 },
    )
  })

  it('agrees on random addresses of global unicast, and near the refused blocks in it', () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))
    const start = fc.oneof(
      fc.integer({ min: 0x2000, max: 0x3fff }).map((value) => value.toString(16)),
      fc.constantFrom(
        '2001:0',
        '2001:1',
        '2001:1ff',
        '2001:200',
        '2001:db8',
        '2002',
        '2620:4f',
        '3ffe',
        '3fff',
      ),
    )
    fc.assert(
      fc.property(start, fc.array(group, { minLength: 6, maxLength: 6 }), (first, rest) => {
        const groups = [...first.split(':'), ...rest].slice(0, 7)
        compareIpv6([...groups, '1', '1', '1'].slice(0, 8).join(':'))
      }),
      { numRuns: 20_000 },
    )
  })
})

function compareIpv4(address: string): void {
  const range = new ipaddr.IPv4(address.split('.').map(Number)).range()
  if (isPublicAddress(address) !== (range === 'unicast') && !isExplained(address, IPV4_DISAGREEMENTS)) {
    expect.fail(`${address}: ipaddr.js says ${range}`)
  }
}

function compareIpv6(address: string): void {
  // The library calls unassigned space unicast: everything outside of 2000::/3 is refused without asking it.
  const isGlobal = /^[23][0-9a-f]{3}:/i.test(address)
  const isUnicast = isGlobal && ipaddr.IPv6.parse(address).range() === 'unicast'
  if (isPublicAddress(address) !== isUnicast && !isExplained(address, IPV6_DISAGREEMENTS)) {
    expect.fail(`${address}: ipaddr.js says ${ipaddr.IPv6.parse(address).range()}`)
  }
}

/** We may only differ by refusing more. */
function isExplained(address: string, disagreements: readonly string[]): boolean {
  const bytes = parseAddress(address)
  const isListed = disagreements.some((text) => {
    const network = parseNetwork(text)
    return network !== null && bytes !== null && contains(network, bytes)
  })
  return isListed && !isPublicAddress(address)
}

describe('what is nearly an address', () => {
  it.each(['10.0.0.0/x8', '10.0.0.0/8x', '::1/1280', '::1/'])('%s is no network', (text) => {
    expect(parseNetwork(text)).toBeNull()
  })

  it.each(['1:2:3:4:5:6:7:8::1::2', '1::2::3', '::1::'])('%s is no address', (text) => {
    expect(parseAddress(text)).toBeNull()
  })
})
