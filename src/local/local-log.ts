import { pino } from 'pino'

/** Where the local runtime writes; a line each. */
export interface LocalLog {
  debug: (message: string) => void
  info: (message: string) => void
  warn: (message: string) => void
  /** For the person in front of it, whatever the log level. */
  notice: (message: string) => void
}

/** Writes to standard output, where the service's own log goes too. A level that is none is reported elsewhere. */
export function createTerminalLog(level: string | undefined): LocalLog {
  const isKnown = level !== undefined && [...Object.keys(pino.levels.values), 'silent'].includes(level)
  const logger = pino({ level: isKnown ? level : 'info', base: null })
  return {
    debug: (message) => {
      logger.debug(message)
    },
    info: (message) => {
      logger.info(message)
    },
    warn: (message) => {
      logger.warn(message)
    },
    notice: (message) => {
      process.stdout.write(`${message}\n`)
    },
  }
}
