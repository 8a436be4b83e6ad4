import { setTimeout as sleep } from 'node:timers/promises'

import type { Core } from '../composition/core.ts'
import { createOperatorLink } from '../composition/operator-link.ts'
import { prepareInstallation } from '../composition/preparation.ts'
import { startService } from '../composition/service.ts'
import type { Config } from '../config.ts'
import { createIdSource } from '../db/ids.ts'
import { loadWorkflowBundle } from '../temporal/bundle.ts'
import { createKeyText } from '../usecases/api-key-text.ts'
import type { LocalRuntimeOptions, StartedService } from './runtime.ts'

const LINK_TRIES = 100
const LINK_RETRY_MS = 100

/** What `npm start` runs in its own process: the service as production has it. */
export const LOCAL_SERVICE: Pick<
  LocalRuntimeOptions,
  'createApiKey' | 'migrate' | 'startService' | 'prepareBundle'
> = {
  createApiKey: () => createKeyText(createIdSource().next()),
  migrate: async (config, log) => {
    const { leftToDo } = await prepareInstallation(config)
    if (leftToDo !== null) log.warn(`Temporal lacks search attributes; run: ${leftToDo.command}`)
  },
  startService: startLocalService,
  prepareBundle: loadWorkflowBundle,
}

/** API and worker in this one process: only on one and the same connection can workflows be started eagerly. */
async function startLocalService(config: Config, bundleDirectory: string): Promise<StartedService> {
  const { core, stop } = await startService(config, { api: true, worker: true }, { bundleDirectory })
  return {
    url: reachableOrigin(config),
    secretsFor: async (origin) => readSecretsFor(core, origin),
    createSignInLink: async () => createLinkSoon(core),
    stop,
  }
}

/** The workspace that the link is for is made while the API already listens. */
async function createLinkSoon({ database, ids, config }: Core): Promise<string> {
  for (let triesLeft = LINK_TRIES; triesLeft > 0; triesLeft -= 1) {
    const link = await createOperatorLink(database, ids, config.publicUrl)
    if (link !== null) return link
    await sleep(LINK_RETRY_MS)
  }
  return `${config.publicUrl}/settings/webhooks`
}

/** An address to listen on everywhere is none to call. */
function reachableOrigin({ host, port }: Config): string {
  const callable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${callable.includes(':') ? `[${callable}]` : callable}:${port}`
}

interface SecretRow {
  workspaceId: string
  webhookId: string
  secretId: string
  encrypted: string
}

/** Of all webhooks of this installation whose URL has this origin, as the one at the machine itself may know them. */
async function readSecretsFor({ database, cipher }: Core, origin: string): Promise<string[]> {
  const rows = await database.sql.query<SecretRow>(
    `select w.workspace_id as "workspaceId", w.id as "webhookId", s.id as "secretId", s.secret_encrypted as encrypted
     from webhook w join webhook_secret s on s.webhook_id = w.id
     where w.url = any($1) or w.url like any($2)`,
    [originsOf(origin), originsOf(origin).map((each) => `${each}/%`)],
  )
  return rows.map(({ encrypted, ...context }) => cipher.decrypt(encrypted, context).reveal())
}

function originsOf(origin: string): string[] {
  return [origin, origin.replace('127.0.0.1', 'localhost')]
}
