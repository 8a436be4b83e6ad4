export interface BannerFacts {
  /** Where this machine reaches the API. */
  readonly apiUrl: string
  readonly publicUrl: string
  readonly signInLink: string
  readonly apiKey: string
  /** Null when Temporal is not ours. */
  readonly temporalUiUrl: string | null
  readonly temporalAddress: string
  readonly inboxUrl: string
  /** Whether alerts are mailed. */
  readonly hasMailServer: boolean
  readonly dataDir: string
  /** Set when PostgreSQL could not keep its files in the data directory. */
  readonly postgresDir: string | null
}

const NO_MAIL = 'on the settings page and in this log; set SMTP_URL to have them mailed'

/** What `npm start` prints once it is ready. */
export function renderBanner(facts: BannerFacts): string {
  const rows: readonly (readonly [string, string])[] = [
    ['Settings page', facts.signInLink],
    ['', 'signs you in once, within 24 hours; "npm run sign-in" makes another link'],
    ['API docs', `${facts.publicUrl}/docs`],
    ['Temporal UI', facts.temporalUiUrl ?? `that of the server at ${facts.temporalAddress}`],
    ['API key', facts.apiKey],
    ['Inbox', `${facts.inboxUrl} (verifies what it gets and prints a line here)`],
    ['Alerts', facts.hasMailServer ? 'on the settings page and by mail' : NO_MAIL],
    ['Data', facts.dataDir],
    ...(facts.postgresDir === null ? [] : [['PostgreSQL’s files', facts.postgresDir] as const]),
  ]
  const width = Math.max(...rows.map(([label]) => label.length))
  return [
    '',
    'Postrider is ready. Ctrl-C stops it; the next start goes on where it was.',
    '',
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`),
    '',
    'Make a webhook to the inbox:',
    '',
    curlLine(facts, '/webhooks', { url: `${facts.inboxUrl}/`, events: ['task.*'] }),
    '',
    'Publish an event to it:',
    '',
    curlLine(facts, '/events', { type: 'task.created', data: { id: 'task-1', title: 'Try Postrider' } }),
    '',
    '',
  ].join('\n')
}

/** One line for a POSIX shell; nothing in it holds a single quote. */
function curlLine({ apiUrl, apiKey }: BannerFacts, route: string, body: unknown): string {
  return [
    `curl -sS ${apiUrl}/api/v1${route}`,
    `-H 'Authorization: Bearer ${apiKey}'`,
    "-H 'Content-Type: application/json'",
    `-d '${JSON.stringify(body)}'`,
  ].join(' ')
}
