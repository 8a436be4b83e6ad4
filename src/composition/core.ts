import { type Logger, pino } from 'pino'

import { type Config, ConfigError } from '../config.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { createIdSource, type IdSource, measureClockOffsetMs } from '../db/ids.ts'
import { type Cipher, createCipher } from '../secrets/cipher.ts'
import { createSender, type Sender } from '../sending/sender.ts'
import { createSigningKey } from '../sending/signature.ts'
import { NO_ALLOWED_TARGETS, parseAllowedTargets, type TargetRules } from '../sending/target-url.ts'
import { describeMissingMasterKeys } from '../usecases/missing-master-keys.ts'
import { createTargetCache, type TargetCache } from '../usecases/target-cache.ts'
import { createFail, type Fail, failingAround } from './failpoints.ts'

/** What every process of the service has. */
export interface Core {
  config: Config
  logger: Logger
  database: Database
  ids: IdSource
  cipher: Cipher
  rules: TargetRules
  sender: Sender
  targets: TargetCache
  /** Kills the process at the point that a test has chosen. */
  fail: Fail
  /** One line of the log for a fault of ours that something will mend by itself. */
  logFault: (message: string, error: unknown) => void
}

const CLOCK_CHECK_EVERY_MS = 60_000

/** Opens what both kinds of process need; `resources` closes it. */
export async function openCore(config: Config, resources: AsyncDisposableStack): Promise<Core> {
  const logger = pino({ level: config.logLevel, base: null })
  const logFault = (message: string, error: unknown): void => {
    logger.warn({ err: error }, message)
  }
  if (config.databaseUrl === null || config.masterKeys === null)
    throw new Error('DATABASE_URL and POSTRIDER_MASTER_KEYS are needed.')
  const database = await openDatabase({ url: config.databaseUrl })
  resources.defer(() => database.close())
  const cipher = createCipher(config.masterKeys)
  await refuseMissingMasterKeys(database, cipher, logFault)
  const rules = targetRules(config)
  const fail = createFail(config.failpoint)
  const sender = createSender({ rules })
  resources.defer(() => sender.close())
  return {
    config,
    logger,
    logFault,
    database,
    ids: createIdSource(followDatabaseClock(database, resources)),
    cipher,
    rules,
    sender: {
      ...sender,
      send: failingAround(sender.send, fail, { before: 'before-post', after: 'after-post' }),
    },
    fail,
    targets: createTargetCache({ cipher, createSigningKey, requestTimeoutMs: config.requestTimeoutMs }),
  }
}

/** While the database is away nothing can be decrypted either, so a start then goes on and finds out later. */
async function refuseMissingMasterKeys(
  { sql }: Database,
  cipher: Cipher,
  logFault: Core['logFault'],
): Promise<void> {
  const problem = await describeMissingMasterKeys(sql, cipher).catch((error: unknown) => {
    logFault('Whether all master keys in use are listed could not be checked.', error)
    return null
  })
  if (problem !== null) throw new ConfigError([problem])
}

export function targetRules(config: Pick<Config, 'allowHttp' | 'allowedTargets'>): TargetRules {
  const parsed = parseAllowedTargets(config.allowedTargets)
  return { allowHttp: config.allowHttp, allowed: parsed.ok ? parsed.allowed : NO_ALLOWED_TARGETS }
}

/** Ids say in which week a row lives, so they follow the database's clock, as far as it is known. */
function followDatabaseClock(database: Database, resources: AsyncDisposableStack): () => number {
  let offsetMs = 0
  const measure = (): void => {
    measureClockOffsetMs(database.sql).then(
      (measured) => {
        offsetMs = measured
      },
      // The last measure serves until the database is back.
      () => undefined,
    )
  }
  measure()
  const timer = setInterval(measure, CLOCK_CHECK_EVERY_MS)
  timer.unref()
  resources.defer(() => {
    clearInterval(timer)
  })
  return () => Date.now() + offsetMs
}
