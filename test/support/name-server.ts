import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4, isIPv6 } from 'node:net'

/** What is asked: a lower-case name and one of the two address types. */
export interface Question {
  name: string
  type: 'A' | 'AAAA'
}

/** Addresses of both families (those of the asked type are sent), an error, or no answer at all. */
export type NameAnswer = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'silent'

export interface NameServer extends AsyncDisposable {
  /** As a resolver takes it: `address:port`. */
  readonly address: string
  readonly questions: Question[]
}

const RESPONSE_CODES = { NXDOMAIN: 3, SERVFAIL: 2 }
const TYPES = { 1: 'A', 28: 'AAAA' } as const

/** An authoritative name server on UDP (RFC 1035) whose answers, all with a lifetime of zero, a function decides. */
export async function startNameServer(answer: (question: Question) => NameAnswer): Promise<NameServer> {
  const questions: Question[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, sender) => {
    const { name, typeNumber, end } = readQuestion(query)
    const type = typeNumber === 1 || typeNumber === 28 ? TYPES[typeNumber] : null
    const question = type === null ? null : { name, type }
    if (question !== null) questions.push(question)
    const answered = question === null ? [] : answer(question)
    if (answered === 'silent') return
    socket.send(writeResponse(query, end, typeNumber, answered), sender.port, sender.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    async [Symbol.asyncDispose]() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

function readQuestion(query: Buffer): { name: string; typeNumber: number; end: number } {
  const labels: string[] = []
  let offset = 12
  for (;;) {
    const length = query.readUInt8(offset)
    if (length === 0) break
    labels.push(query.toString('latin1', offset + 1, offset + 1 + length))
    offset += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), typeNumber: query.readUInt16BE(offset + 1), end: offset + 5 }
}

function writeResponse(
  query: Buffer,
  questionEnd: number,
  typeNumber: number,
  answered: Exclude<NameAnswer, 'silent'>,
): Buffer {
  const isOfType = typeNumber === 1 ? isIPv4 : isIPv6
  const addresses = typeof answered === 'string' ? [] : answered.filter(isOfType)
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8180 | (typeof answered === 'string' ? RESPONSE_CODES[answered] : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  header.writeUInt32BE(0, 8)
  const records = addresses.map((address) => {
    const data = addressBytes(address)
    const record = Buffer.alloc(12)
    record.writeUInt16BE(0xc00c, 0)
    record.writeUInt16BE(typeNumber, 2)
    record.writeUInt16BE(1, 4)
    record.writeUInt32BE(0, 6)
    record.writeUInt16BE(data.length, 10)
    return Buffer.concat([record, data])
  })
  return Buffer.concat([header, query.subarray(12, questionEnd), ...records])
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  const zeros = new Array<string>(8 - before.length - after.length).fill('0')
  const groups = address.includes('::') ? [...before, ...zeros, ...after] : before
  return Buffer.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  )
}
