import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What a TLS server shows: PEM texts. */
export interface ServerIdentity {
  key: string
  cert: string
}

export interface TestAuthority extends AsyncDisposable {
  /** The authority's own certificate, to be trusted. */
  readonly certificate: string
  /** A server certificate for a subject alternative name such as `DNS:good.example.org` or `IP:127.0.0.1`. */
  issue(subjectAlternativeName: string, options?: { expired?: boolean }): Promise<ServerIdentity>
  /** A certificate signed by nobody but itself. */
  issueSelfSigned(subjectAlternativeName: string): Promise<ServerIdentity>
}

/** A certificate authority of the test's own, made by openssl in a directory that is removed with it. */
export async function createAuthority(): Promise<TestAuthority> {
  const directory = await mkdtemp(join(tmpdir(), 'test-authority-'))
  const file = (name: string) => join(directory, name)
  const openssl = (...parameters: string[]) => run('openssl', parameters, { cwd: directory })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-batch']
  let issued = 0

  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Test CA',
    '-days',
    '2',
  )
  return {
    certificate: await readFile(file('ca.pem'), 'utf8'),
    async issue(subjectAlternativeName, options = {}) {
      const name = `server-${(issued += 1)}`
      await openssl(
        'req',
        ...newKey,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        '/CN=Test server',
      )
      await writeFile(file(`${name}.ext`), `subjectAltName=${subjectAlternativeName}\n`)
      const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
      const days = options.expired === true ? '-1' : '2'
      const files = ['-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', `${name}.pem`]
      await openssl('x509', '-req', ...authority, '-days', days, ...files)
      return {
        key: await readFile(file(`${name}.key`), 'utf8'),
        cert: await readFile(file(`${name}.pem`), 'utf8'),
      }
    },
    async issueSelfSigned(subjectAlternativeName) {
      const name = `server-${(issued += 1)}`
      const subject = ['-subj', '/CN=Test server', '-addext', `subjectAltName=${subjectAlternativeName}`]
      await openssl('req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, ...subject)
      return {
        key: await readFile(file(`${name}.key`), 'utf8'),
        cert: await readFile(file(`${name}.pem`), 'utf8'),
      }
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true })
    },
  }
}
