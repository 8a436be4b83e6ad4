import * as values from './setting-values.ts'
import type { ValueKind } from './setting-values.ts'

export interface Setting<T> {
  readonly name: string
  readonly kind: ValueKind<T>
  /** As one would write it; null means there is none. */
  readonly default: string | null
  /** What `npm start` uses instead, when it differs. */
  readonly startDefault?: string
  /** What the table says where the text above would mislead. */
  readonly shownDefault?: string
  readonly meaning: string
  /** Whether the name set to nothing is a value of its own; elsewhere it counts as not set. */
  readonly isEmptyMeaningful?: boolean
  /** Tests' own switches stay out of the table. */
  readonly isHidden?: boolean
}

type SettingDetails<T> = Omit<Setting<T>, 'name' | 'kind' | 'default' | 'meaning'>

function withDefault<T>(
  name: string,
  kind: ValueKind<T>,
  text: string,
  meaning: string,
  more: SettingDetails<T> = {},
) {
  return { name, kind, default: text, meaning, ...more } satisfies Setting<T>
}

function optional<T>(name: string, kind: ValueKind<T>, meaning: string, more: SettingDetails<T> = {}) {
  return { name, kind, default: null, meaning, ...more } satisfies Setting<T>
}

const EMBEDDED = { shownDefault: 'embedded with `npm start`' }

/** Every name Postrider reads, and its only meaning. The README's table is generated from this. */
export const SETTINGS = {
  host: withDefault('HOST', values.hostName, '127.0.0.1', 'Address the API and the settings page listen on.'),
  port: withDefault('PORT', values.port, '3000', 'Port of the API and the settings page.'),
  publicUrl: optional(
    'PUBLIC_URL',
    values.webOrigin,
    'Origin used in links and for cookie and Origin checks.',
    {
      shownDefault: '`http://HOST:PORT`',
    },
  ),
  databaseUrl: optional(
    'DATABASE_URL',
    values.urlWith(['postgres:', 'postgresql:']),
    'PostgreSQL 15 or newer.',
    EMBEDDED,
  ),
  temporalAddress: optional(
    'TEMPORAL_ADDRESS',
    values.hostAndPort,
    'Temporal frontend. With it come `TEMPORAL_TLS` and `TEMPORAL_TLS_*` as Temporal’s own environment configuration names them.',
    EMBEDDED,
  ),
  temporalNamespace: withDefault('TEMPORAL_NAMESPACE', values.anyText, 'default', 'Temporal namespace.'),
  temporalApiKey: optional('TEMPORAL_API_KEY', values.anyText, 'API key for Temporal Cloud; turns TLS on.'),
  bootstrapApiKey: optional(
    'POSTRIDER_BOOTSTRAP_API_KEY',
    values.apiKey,
    'An operator key (all scopes) of workspace `default`, created at start if it never was; a revoked one does not come back.',
    { shownDefault: 'none; `npm start` makes one and keeps it' },
  ),
  masterKeys: optional(
    'POSTRIDER_MASTER_KEYS',
    values.masterKeys,
    '`kid:base64(32 bytes)[,…]`; the first encrypts. Needed by `api` and `worker`.',
    { shownDefault: 'none; `npm start` makes one and keeps it' },
  ),
  allowedTargets: withDefault(
    'POSTRIDER_ALLOWED_TARGETS',
    values.targetList,
    '',
    'CIDRs and host names that may be called although they are not public. Set but empty means none.',
    { startDefault: '127.0.0.0/8,::1/128', isEmptyMeaningful: true },
  ),
  allowHttp: withDefault(
    'POSTRIDER_ALLOW_HTTP',
    values.flag,
    'false',
    'Whether `http://` targets are accepted.',
    {
      startDefault: 'true',
    },
  ),
  firstAttempt: withDefault(
    'POSTRIDER_FIRST_ATTEMPT',
    values.oneOf('workflow', 'direct', 'auto'),
    'workflow',
    '`workflow`: every attempt is made by the delivery’s workflow. `direct`: the first one is made before the workflow, which starts only if it did not succeed. `auto`: `workflow` while Temporal keeps up, `direct` for what would wait longer than 1 s.',
  ),
  schedule: withDefault(
    'POSTRIDER_SCHEDULE',
    values.schedule,
    'standard',
    'Default schedule of new webhooks: `standard`, `short`, or waits such as `1m,5m,30m`.',
  ),
  requestTimeoutMs: withDefault(
    'POSTRIDER_REQUEST_TIMEOUT',
    values.duration('1s', '30s'),
    '20s',
    'One attempt in all, DNS to last byte; a webhook’s `timeoutMs` replaces it.',
  ),
  disableAfterMs: withDefault(
    'POSTRIDER_DISABLE_AFTER',
    values.durationOrOff('1s', '365d'),
    '5d',
    'A webhook whose every attempt failed for so long is disabled; `off` never.',
  ),
  retentionMs: withDefault(
    'POSTRIDER_RETENTION',
    values.duration('1s', '3650d'),
    '30d',
    'How long settled deliveries and their events are to be kept. Checked, but not acted on yet: nothing is deleted.',
  ),
  temporalPort: withDefault(
    'POSTRIDER_TEMPORAL_PORT',
    values.port,
    '7233',
    'Port of the embedded Temporal server.',
  ),
  temporalUiPort: withDefault(
    'POSTRIDER_TEMPORAL_UI_PORT',
    values.port,
    '8233',
    'Port of the embedded Temporal Web UI.',
  ),
  postgresPort: withDefault('POSTRIDER_POSTGRES_PORT', values.port, '0', 'Port of the embedded PostgreSQL.', {
    shownDefault: 'a free one',
  }),
  inboxPort: withDefault('POSTRIDER_INBOX_PORT', values.port, '0', 'Port of the local inbox.', {
    shownDefault: 'a free one',
  }),
  dataDir: withDefault(
    'POSTRIDER_DATA_DIR',
    values.anyText,
    '.postrider',
    'Where `npm start` keeps everything.',
  ),
  retrySignalWaitMs: withDefault(
    'POSTRIDER_RETRY_SIGNAL_WAIT',
    values.duration('1s', '365d'),
    '7d',
    'How long an exhausted delivery’s workflow waits for a manual retry.',
  ),
  smtpUrl: optional(
    'SMTP_URL',
    values.urlWith(['smtp:', 'smtps:']),
    'Mail server of the default alert channel.',
  ),
  alertEmailFrom: optional('ALERT_EMAIL_FROM', values.emailSender, 'Sender of alert mail.'),
  alertEmailTo: optional(
    'ALERT_EMAIL_TO',
    values.emailList,
    'Default recipients of alert mail, separated by commas.',
  ),
  logLevel: withDefault(
    'LOG_LEVEL',
    values.oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    'info',
    'Least level that is logged; `silent` logs nothing.',
  ),
  failpoint: optional('FAILPOINT', values.anyText, 'Where the process kills itself, for tests.', {
    isHidden: true,
  }),
} as const
