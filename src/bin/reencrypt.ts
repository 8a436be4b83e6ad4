// `npm run reencrypt`: encrypts all stored secrets anew under the first master key, while the service runs.
import { describeStartFailure } from '../composition/service-process.ts'
import { loadConfig } from '../config.ts'
import { openDatabase } from '../db/database.ts'
import { createCipher } from '../secrets/cipher.ts'
import { reencrypt } from '../usecases/reencrypt.ts'

const WORDS = {
  webhook_secret: 'webhook secrets',
  webhook: 'sets of webhook headers',
  idempotency_key: 'kept answers',
}

try {
  const config = loadConfig(process.env, {}, ['DATABASE_URL', 'POSTRIDER_MASTER_KEYS'])
  await using resources = new AsyncDisposableStack()
  const database = await openDatabase({ url: config.databaseUrl ?? '', connectionsMax: 2 })
  resources.defer(() => database.close())
  const cipher = createCipher(config.masterKeys ?? [])
  const results = await reencrypt(database.sql, cipher)
  for (const { table, done, skipped, unreadable } of results) {
    console.log(`${done} ${WORDS[table]} are now under the key ${cipher.keyId}.`)
    if (skipped > 0) console.log(`  ${skipped} were changed by somebody else meanwhile.`)
    if (unreadable > 0) console.error(`  ${unreadable} could not be decrypted and were left as they are.`)
  }
  if (results.some(({ unreadable }) => unreadable > 0)) process.exitCode = 1
  else console.log('The other master keys can be removed once no process encrypts under them any more.')
} catch (error) {
  console.error(describeStartFailure(error))
  process.exitCode = 1
}
