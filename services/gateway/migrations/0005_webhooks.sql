-- migrate:up
-- Outgoing webhooks.
set local role identity_owner;

-- Where an account receives events about its runs and bulks. Secrets are sealed with the gateway's key, which the database never sees.
create table identity.webhook_endpoints (
  id uuid primary key,
  account_id uuid not null references identity.accounts (id) on delete cascade,
  url text not null check (length(url) between 1 and 2000),
  description text check (length(description) <= 200),
  event_types text[] not null check (cardinality(event_types) > 0),
  -- 'paused' collects its deliveries until it is resumed; 'disabled' (its server said 410 Gone) collects none.
  state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
  state_reason text check (state_reason in ('by_owner', 'failing', 'gone')),
  state_changed_at timestamptz not null default now(),
  sealed_secret bytea not null,
  -- The one before it: both sign until then.
  sealed_old_secret bytea,
  old_secret_until timestamptz,
  failure_count integer not null default 0 check (failure_count >= 0),
  failing_since timestamptz,
  last_problem text check (length(last_problem) <= 200),
  last_delivered_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((state = 'active') = (state_reason is null)),
  check ((failure_count = 0) = (failing_since is null)),
  check ((sealed_old_secret is null) = (old_secret_until is null))
);
create index webhook_endpoints_of_account on identity.webhook_endpoints (account_id, created_at desc, id desc);
select platform.protect('identity.webhook_endpoints', 'gateway_service', 'select, insert, update, delete');
-- Without the secret: it is shown once, when it is made.
select platform.show_to_members('identity.webhook_endpoints',
  'id, account_id, url, description, event_types, state, state_reason, state_changed_at, old_secret_until,
   failure_count, failing_since, last_problem, last_delivered_at, created_at, updated_at');

-- One event for one endpoint, as a work row. 'held': its endpoint is paused. The body is stored once, so that every attempt
-- signs and sends the same.
create table identity.webhook_deliveries (
  id uuid primary key,
  account_id uuid not null references identity.accounts (id) on delete cascade,
  endpoint_id uuid not null references identity.webhook_endpoints (id) on delete cascade,
  event_id uuid not null,
  event_type text not null,
  body text not null check (length(body) <= 16384),
  tries integer not null default 0,
  response_status smallint,
  problem text check (length(problem) <= 200),
  last_tried_at timestamptz,
  delivered_at timestamptz,
  -- Its age counts from here: its creation, or its last replay.
  waited_from timestamptz not null default now(),
  created_at timestamptz not null default now(),
  state text not null default 'pending' check (state in ('pending', 'held', 'delivered', 'failed', 'expired')),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz,
  seq bigint not null default 0,
  unique (endpoint_id, event_id),
  check ((state = 'pending') = (due_at is not null)),
  check ((state = 'delivered') = (delivered_at is not null))
);
-- Scanned from endpoint to endpoint, so that one with many rows costs no more than one with a single row.
create index webhook_deliveries_due on identity.webhook_deliveries (endpoint_id, due_at) where due_at is not null;
create index webhook_deliveries_held on identity.webhook_deliveries (endpoint_id) where state = 'held';
create index webhook_deliveries_listed on identity.webhook_deliveries (endpoint_id, created_at desc, id desc);
create index webhook_deliveries_of_account on identity.webhook_deliveries (account_id);
create index webhook_deliveries_old on identity.webhook_deliveries (created_at) where state <> 'pending';
select platform.protect('identity.webhook_deliveries', 'gateway_service', 'select, insert, update, delete');
select platform.show_to_members('identity.webhook_deliveries');

-- Up to where the sweep has read ended runs and bulks, for events that were lost. It starts at the time of provisioning.
create table identity.webhook_cursors (
  source text primary key check (source in ('runs', 'bulks')),
  finished_at timestamptz not null,
  id uuid not null
);
select platform.protect('identity.webhook_cursors', 'gateway_service', 'select, insert, update, delete');
insert into identity.webhook_cursors (source, finished_at, id)
select source, now(), '00000000-0000-0000-0000-000000000000' from unnest(array['runs', 'bulks']) as source;

reset role;

-- migrate:down
