/**
 * The traffic. Events, deliveries and attempts are range-partitioned by UUIDv7, that is by time, in weeks; so the id
 * alone is the primary key and old weeks can be dropped. No foreign keys between partitioned tables.
 */
export const deliveryTables: readonly string[] = [
  // payload is text, exactly as received: jsonb would reorder members and change numbers.
  `create table event (
    id uuid primary key,
    workspace_id uuid not null,
    type text not null,
    workflow_id text,
    "timestamp" timestamptz(3) not null,
    created_at timestamptz(3) not null default now(),
    payload text not null
  ) partition by range (id)`,
  `create index event_workspace on event (workspace_id, type, id)`,

  // A delivery's id begins like its event's, so an event's deliveries are found by the primary key.
  // dispatch_at: when a dispatcher must look at the row if nobody has moved it by then; null when nothing is left to do.
  // in_flight_*: the attempt that is under way, who makes it (token) and until when that is believed.
  `create table webhook_delivery (
    id uuid primary key,
    workspace_id uuid not null,
    webhook_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    state text not null default 'pending',
    "trigger" text not null default 'schedule',
    attempt_count integer not null default 0,
    steps_used integer not null default 0,
    next_attempt_at timestamptz(3),
    deferred_until timestamptz(3),
    retry_requested_at timestamptz(3),
    dispatch_at timestamptz(3),
    dispatch_tries smallint not null default 0,
    in_flight_number integer,
    in_flight_token text,
    in_flight_trigger text,
    in_flight_since timestamptz(3),
    in_flight_until timestamptz(3),
    first_attempt text not null default 'workflow',
    last_failure text,
    last_status_code integer,
    created_at timestamptz(3) not null default now(),
    settled_at timestamptz(3)
  ) partition by range (id)`,
  `create index webhook_delivery_webhook on webhook_delivery (webhook_id, id)`,
  `create index webhook_delivery_workspace on webhook_delivery (workspace_id, event_type, id)`,
  `create index webhook_delivery_dispatch on webhook_delivery (dispatch_at) where dispatch_at is not null`,
  `create index webhook_delivery_webhook_unsettled on webhook_delivery (webhook_id, state, id) where state <> 'succeeded'`,
  `create index webhook_delivery_workspace_unsettled on webhook_delivery (workspace_id, state, id) where state <> 'succeeded'`,

  `create table delivery_attempt (
    delivery_id uuid not null,
    number integer not null,
    workspace_id uuid not null,
    "trigger" text not null,
    started_at timestamptz(3) not null,
    status_code integer,
    response_time_ms integer,
    response_body text,
    response_body_truncated boolean not null default false,
    response_headers text,
    request_headers text,
    dns_ms real,
    connect_ms real,
    tls_ms real,
    first_byte_ms real,
    remote_address text,
    failure text,
    next_attempt_at timestamptz(3),
    primary key (delivery_id, number)
  ) partition by range (delivery_id)`,

  // Statistics: additions are appended by the statement that settles, and folded into webhook_stats by the upkeep.
  // metric: 'succeeded' | 'failed' | 'cancelled' (settled deliveries), 'failure:<class>', 'ms:<bucket>' (attempts), and
  // 'ok:<bucket>' (a delivery that has succeeded, with its one attempt).
  `create table webhook_stats_addition (
    webhook_id uuid not null,
    hour timestamptz(0) not null,
    metric text not null,
    amount integer not null
  )`,
  `create index webhook_stats_addition_webhook on webhook_stats_addition (webhook_id)`,
  `create table webhook_stats (
    webhook_id uuid not null,
    hour timestamptz(0) not null,
    metric text not null,
    amount bigint not null,
    primary key (webhook_id, hour, metric)
  )`,
]

/**
 * ensure_partitions(at) makes the weeks around a time: the one before, its own and the three that follow.
 * Weeks begin on Monday, UTC. A lock keeps two processes from making the same one.
 */
export const partitionUpkeep: readonly string[] = [
  `create function uuid_v7_floor(at timestamptz) returns uuid language sql immutable strict parallel safe as $$
    select (substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-0000-0000-000000000000')::uuid
    from (select lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') as hex) as clock
  $$`,
  `create function ensure_partitions(at timestamptz) returns integer language plpgsql as $$
    declare
      week timestamp;
      parent text;
      child text;
      made integer := 0;
    begin
      perform pg_advisory_xact_lock(hashtext('postrider.partitions'));
      for offset_weeks in -1..3 loop
        week := date_trunc('week', at at time zone 'UTC') + offset_weeks * interval '1 week';
        foreach parent in array array['event', 'webhook_delivery', 'delivery_attempt'] loop
          child := parent || '_' || to_char(week, 'YYYYMMDD');
          if to_regclass(child) is null then
            execute format('create table %I partition of %I for values from (%L) to (%L)', child, parent,
              uuid_v7_floor(week at time zone 'UTC'), uuid_v7_floor((week + interval '1 week') at time zone 'UTC'));
            made := made + 1;
          end if;
        end loop;
      end loop;
      return made;
    end
  $$`,
  `select ensure_partitions(now())`,
]
