-- migrate:up
set local role billing_owner;

-- Every event that Stripe delivered, each a work row: received → (applied →) done | ignored | dead.
-- `applied` is committed but not yet told to others.
create table billing.webhook_events (
  id uuid primary key,
  stripe_event_id text not null unique,
  type text not null,
  livemode boolean not null,
  api_version text,
  payload jsonb,  -- null once it is old: bodies hold names and addresses
  stripe_customer_id text,
  account_id uuid,  -- once it is known
  reason text,  -- why it waits, or why it is dead
  state text not null check (state in ('received', 'applied', 'done', 'ignored', 'dead')),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz,
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  check (payload is not null or state not in ('received', 'applied'))
);
create index webhook_events_due on billing.webhook_events (due_at) where due_at is not null;
create index webhook_events_waiting on billing.webhook_events (stripe_customer_id) where state = 'received';
create index webhook_events_bodies on billing.webhook_events (created_at) where payload is not null;

-- One row for each slot of each job of ours that has come; a second tick for it finds the row and does nothing.
create table billing.job_runs (
  id uuid primary key,
  job text not null,
  slot timestamptz not null,
  counts jsonb not null default '{}',
  reason text,
  state text not null check (state in ('due', 'done', 'failed')),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz,
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  unique (job, slot)
);
create index job_runs_due on billing.job_runs (due_at) where due_at is not null;

do $$
declare
  name text;
begin
  foreach name in array array['webhook_events', 'job_runs'] loop
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy owner_all on billing.%I to billing_owner using (true) with check (true)', name);
    execute format('create policy service_all on billing.%I to billing_service using (true) with check (true)', name);
    execute format('grant select, insert, update on billing.%I to billing_service', name);
  end loop;
end $$;

reset role;

-- migrate:down
