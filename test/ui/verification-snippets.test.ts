import { spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest'
import { SNIPPETS } from '../../ui/src/webhooks/verification-snippets.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const BODY = '{"id":"1","data":{"title":"Größe"}}'

/** How to call each snippet: writes `true` or `false` for header, body and secret from the command line. */
const PROGRAMS: Readonly<Record<string, { file: string; command: string; main: string }>> = {
  'Node.js': {
    file: 'check.mjs',
    command: process.execPath,
    main: 'const [, , header, body, secret] = process.argv\nconsole.log(isGenuine(header, Buffer.from(body), secret))\n',
  },
  Python: {
    file: 'check.py',
    command: 'python3',
    main: 'import sys\nprint(str(is_genuine(sys.argv[1], sys.argv[2].encode(), sys.argv[3])).lower())\n',
  },
  PHP: {
    file: 'check.php',
    command: 'php',
    main: "echo is_genuine($argv[1], $argv[2], $argv[3]) ? 'true' : 'false';\n",
  },
  Ruby: { file: 'check.rb', command: 'ruby', main: 'puts genuine?(ARGV[0], ARGV[1], ARGV[2])\n' },
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postrider-snippets-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

function sign(seconds: number, body: string, secrets: readonly string[]): string {
  const signatures = secrets.map((secret) =>
    createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'),
  )
  return [`t=${seconds}`, ...signatures.map((hex) => `v1=${hex}`)].join(',')
}

async function checkSnippet(language: string, context: TestContext): Promise<void> {
  const snippet = SNIPPETS.find((candidate) => candidate.language === language)
  const program = PROGRAMS[language]
  if (snippet === undefined || program === undefined) throw new Error(`No snippet for ${language}.`)
  if (spawnSync(program.command, ['--version']).error !== undefined) {
    context.skip(`${program.command} is not installed`)
    return
  }
  const file = join(folder, program.file)
  await writeFile(file, `${snippet.code}\n${program.main}`)
  const verdict = (header: string, body = BODY) => {
    const run = spawnSync(program.command, [file, header, body, SECRET], { encoding: 'utf8' })
    return run.stdout.trim() || run.stderr
  }
  const now = Math.floor(Date.now() / 1000)
  expect(verdict(sign(now, BODY, [SECRET]))).toBe('true')
  expect(verdict(sign(now, BODY, ['another secret', SECRET]))).toBe('true')
  expect(verdict(sign(now, BODY, ['another secret']))).toBe('false')
  expect(verdict(sign(now, BODY, [SECRET]), `${BODY} `)).toBe('false')
  expect(verdict(sign(now - 301, BODY, [SECRET]))).toBe('false')
  expect(verdict(`v1=${'0'.repeat(64)}`)).toBe('false')
}

for (const language of Object.keys(PROGRAMS))
  test(`the ${language} code that the page shows tells genuine requests from others`, (context) =>
    checkSnippet(language, context))
