import type { DataDirectory } from './data-directory.ts'
import { LocalRuntimeError } from './local-error.ts'
import { findFreePort, isPortFree } from './ports.ts'

export interface PortWish {
  /** The name of the setting, under which the port is remembered. */
  readonly setting: string
  readonly host: string
  /** 0 means that any free one will do. */
  readonly port: number
  /** Whether somebody asked for just this port; then no other will do. */
  readonly isExplicit: boolean
}

/**
 * A port for each wish, in turn, none twice. A busy default is replaced by a free port, which is remembered, so that
 * what was written down elsewhere (a webhook to the inbox, a bookmark) holds after a restart.
 */
export async function choosePorts(
  wishes: readonly PortWish[],
  memory: Pick<DataDirectory, 'recallPort' | 'rememberPort'>,
): Promise<Map<string, number>> {
  const chosen = new Map<string, number>()
  const isAvailable = async (host: string, port: number): Promise<boolean> =>
    ![...chosen.values()].includes(port) && isPortFree(host, port)
  for (const { setting, host, port, isExplicit } of wishes) {
    const isFixed = isExplicit && port !== 0
    if (isFixed && !(await isAvailable(host, port))) throw busyPort(setting, host, port)
    const candidates = isFixed ? [port] : [memory.recallPort(setting) ?? 0, port]
    let choice: number | undefined
    for (const candidate of candidates) {
      if (candidate !== 0 && (await isAvailable(host, candidate))) choice ??= candidate
    }
    const taken = choice ?? (await findFreePort(host))
    chosen.set(setting, taken)
    if (!isFixed) memory.rememberPort(setting, taken)
  }
  return chosen
}

function busyPort(setting: string, host: string, port: number): LocalRuntimeError {
  return new LocalRuntimeError(
    `Port ${port} at ${host} cannot be used, most likely because another program listens there: stop that program, or set ${setting} to another port.`,
  )
}
