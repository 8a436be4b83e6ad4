/** What a workspace owns besides its traffic. Small tables, changed by people, read through the ORM. */
export const tenantTables: readonly string[] = [
  `create table workspace (
    id uuid primary key,
    name text not null,
    alert_emails text[] not null default '{}',
    created_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now()
  )`,

  // The id is the middle part of the key's text; the secret part is kept only as SHA-256. Revoked keys stay, so that
  // a bootstrap key that was revoked does not come back.
  `create table api_key (
    id uuid primary key,
    workspace_id uuid not null references workspace (id) on delete cascade,
    name text not null,
    scopes text[] not null,
    secret_hash bytea not null,
    created_at timestamptz(3) not null default now(),
    created_by text,
    expires_at timestamptz(3),
    last_used_at timestamptz(3),
    revoked_at timestamptz(3)
  )`,
  `create index api_key_workspace on api_key (workspace_id, id)`,

  // key_id: the API key it was signed in with; null when a link opened it. The key's end is the session's too.
  `create table portal_session (
    id uuid primary key,
    workspace_id uuid not null references workspace (id) on delete cascade,
    key_id uuid references api_key (id) on delete cascade,
    actor text not null,
    permissions text[] not null,
    code_hash bytea,
    code_expires_at timestamptz(3),
    session_hash bytea unique,
    created_at timestamptz(3) not null default now(),
    last_seen_at timestamptz(3),
    expires_at timestamptz(3) not null,
    revoked_at timestamptz(3)
  )`,
  `create unique index portal_session_code on portal_session (code_hash) where code_hash is not null`,

  // version counts every change of what an attempt reads (url, headers, secrets, schedule, limits, enabled, deleted).
  `create table webhook (
    id uuid primary key,
    workspace_id uuid not null references workspace (id) on delete cascade,
    url text not null,
    description text,
    events text[] not null,
    enabled boolean not null default true,
    disabled_reason text check (disabled_reason in ('user', 'gone', 'failing')),
    disabled_at timestamptz(3),
    disabled_by text,
    failed_at timestamptz(3),
    failing_since timestamptz(3),
    breaker_opened_at timestamptz(3),
    schedule text not null,
    headers_encrypted text,
    header_names text[] not null default '{}',
    timeout_ms integer,
    concurrency integer not null default 8,
    version integer not null default 1,
    created_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now(),
    deleted_at timestamptz(3)
  )`,
  `create index webhook_live on webhook (workspace_id, id) where deleted_at is null`,

  // What the accepting statement joins: one row per pattern that is not covered by a wider one of the same webhook, kept
  // by a trigger in the transaction that changes the webhook, so that matching can miss nothing and finds nothing twice.
  `create table webhook_subscription (
    workspace_id uuid not null,
    pattern text not null,
    webhook_id uuid not null references webhook (id) on delete cascade,
    enabled boolean not null,
    primary key (workspace_id, pattern, webhook_id)
  )`,
  `create index webhook_subscription_webhook on webhook_subscription (webhook_id)`,
  `create function keep_webhook_subscriptions() returns trigger language plpgsql as $$
    begin
      delete from webhook_subscription where webhook_id = new.id;
      if new.deleted_at is null then
        insert into webhook_subscription (workspace_id, pattern, webhook_id, enabled)
        select distinct new.workspace_id, pattern, new.id, new.enabled from unnest(new.events) as pattern
        where pattern = '*' or not ('*' = any (new.events))
          and (pattern like '%.*' or not (split_part(pattern, '.', 1) || '.*' = any (new.events)));
      end if;
      return null;
    end
  $$`,
  `create trigger webhook_subscriptions after insert or update of events, enabled, deleted_at on webhook
    for each row execute function keep_webhook_subscriptions()`,

  `create table webhook_secret (
    id uuid primary key,
    webhook_id uuid not null references webhook (id) on delete cascade,
    workspace_id uuid not null,
    secret_encrypted text not null,
    key_id text not null,
    created_at timestamptz(3) not null default now(),
    expires_at timestamptz(3)
  )`,
  `create index webhook_secret_webhook on webhook_secret (webhook_id, id desc)`,

  // One open alert per webhook and kind. The notices are an outbox of their own: *_notice_due_at is when to try next.
  `create table alert (
    id uuid primary key,
    workspace_id uuid not null references workspace (id) on delete cascade,
    webhook_id uuid not null references webhook (id) on delete cascade,
    kind text not null check (kind in ('exhausted', 'disabled')),
    state text not null default 'open' check (state in ('open', 'closed')),
    count integer not null default 1,
    delivery_id uuid,
    event_type text,
    last_failure text,
    last_status_code integer,
    opened_at timestamptz(3) not null default now(),
    acknowledged_at timestamptz(3),
    closed_at timestamptz(3),
    emailed_at timestamptz(3),
    open_notice_due_at timestamptz(3) default now(),
    close_notice_due_at timestamptz(3),
    notice_tries integer not null default 0
  )`,
  `create unique index alert_open on alert (webhook_id, kind) where state = 'open'`,
  `create index alert_workspace on alert (workspace_id, id)`,
  `create index alert_open_notice on alert (open_notice_due_at) where open_notice_due_at is not null`,
  `create index alert_close_notice on alert (close_notice_due_at) where close_notice_due_at is not null`,

  `create table audit_entry (
    id uuid primary key,
    workspace_id uuid not null references workspace (id) on delete cascade,
    at timestamptz(3) not null default now(),
    actor text not null,
    action text not null,
    object_type text not null,
    object_id text not null,
    detail jsonb not null default '{}'
  )`,
  `create index audit_entry_workspace on audit_entry (workspace_id, id)`,

  // A running request has no status yet. Answers that hold a secret are encrypted, key_id then says under which key.
  `create table idempotency_key (
    workspace_id uuid not null,
    route text not null,
    key text not null,
    request_hash bytea not null,
    status integer,
    answer text,
    key_id text,
    created_at timestamptz(3) not null default now(),
    running_until timestamptz(3),
    primary key (workspace_id, route, key)
  )`,
  `create index idempotency_key_age on idempotency_key (created_at)`,
  // Only answers that hold a secret have one; who starts or re-encrypts looks for them.
  `create index idempotency_key_sealed on idempotency_key (key_id) where key_id is not null`,
]
