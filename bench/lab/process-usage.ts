import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks of Linux's /proc per second; the kernel's interface fixes it at 100. */
const TICKS_PER_SECOND = 100
const PAGE_KILOBYTES = 4

export interface ProcessUsage {
  /** Processor time since the process began, with its children that live. */
  readonly cpuSeconds: number
  /** Resident memory of the process itself. */
  readonly memoryMegabytes: number
}

/** What a process has used, from /proc; zeros on systems without it. */
export function usageOf(pid: number): ProcessUsage {
  const children = childrenByParent()
  return { cpuSeconds: cpuTicksOf(pid, children) / TICKS_PER_SECOND, memoryMegabytes: memoryOf(pid) }
}

function cpuTicksOf(pid: number, children: ReadonlyMap<number, readonly number[]>): number {
  const own = statOf(pid)
  if (own === undefined) return 0
  const below = (children.get(pid) ?? []).map((child) => cpuTicksOf(child, children))
  return own.ticks + below.reduce((sum, ticks) => sum + ticks, 0)
}

interface Stat {
  readonly parent: number
  /** Of the process and of its children that have ended. */
  readonly ticks: number
}

function statOf(pid: number): Stat | undefined {
  const text = readProc(`${pid}/stat`)
  if (text === undefined) return undefined
  // The name in parentheses may hold anything, blanks included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = [11, 12, 13, 14].map((index) => Number(fields[index])).reduce((sum, each) => sum + each, 0)
  return { parent: Number(fields[1]), ticks }
}

function memoryOf(pid: number): number {
  const pages = Number(readProc(`${pid}/statm`)?.split(' ')[1] ?? 0)
  return (pages * PAGE_KILOBYTES) / 1_024
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const pid of processIds()) {
    const parent = statOf(pid)?.parent
    if (parent === undefined) continue
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [pid])
    else siblings.push(pid)
  }
  return children
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return undefined
  }
}
