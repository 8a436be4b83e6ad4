import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * What tells one process from another that later gets the same number: the time it started. Null when there is no such
 * process (one that has ended and only waits to be collected counts as none), or when this system does not say.
 */
export function findProcessIdentity(pid: number): string | null {
  try {
    if (process.platform !== 'linux') return ask(pid, 'lstart=')
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command in parentheses may hold anything; after it come the state and, 20th from there, the start (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, startTicks] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X' || startTicks === undefined) return null
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${startTicks}`
  } catch {
    return null
  }
}

/** The command and its arguments, separated by spaces; null when there is no such process. */
export function findCommandLine(pid: number): string | null {
  try {
    if (process.platform !== 'linux') return ask(pid, 'command=')
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return null
  }
}

function ask(pid: number, column: string): string | null {
  const answer = execFileSync('ps', ['-o', column, '-p', String(pid)], {
    encoding: 'utf8',
    env: { LC_ALL: 'C' },
  })
  return answer.trim() === '' ? null : answer.trim()
}
