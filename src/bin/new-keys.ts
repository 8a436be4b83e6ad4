// `npm run new-keys`: prints a master key and an operator's API key, as lines for an environment file.
import { randomBytes } from 'node:crypto'
import { createIdSource } from '../db/ids.ts'
import { createKeyText } from '../usecases/api-key-text.ts'

const MASTER_KEY_BYTES = 32
/** Several master keys live side by side while one replaces another, so each needs a name of its own. */
const keyId = `k${randomBytes(3).toString('hex')}`

console.log(`POSTRIDER_MASTER_KEYS=${keyId}:${randomBytes(MASTER_KEY_BYTES).toString('base64')}`)
console.log(`POSTRIDER_BOOTSTRAP_API_KEY=${createKeyText(createIdSource().next())}`)
