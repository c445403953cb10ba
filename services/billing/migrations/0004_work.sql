-- migrate:up
-- Events of Stripe, jobs, and accounts to close.
set local role billing_owner;

-- Every event that Stripe delivered, each a work row: received → (applied →) done | ignored | dead.
-- `applied` is committed but not yet published.
create table billing.webhook_events (
  id uuid primary key,
  stripe_event_id text not null unique,
  type text not null,
  livemode boolean not null,
  api_version text,
  payload jsonb,  -- null once it is old: bodies contain names and addresses
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
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  waits_for text,
  waited_from timestamptz not null default now(),  -- when it was received, or requeued after it was dead
  first_tried_at timestamptz,
  check (payload is not null or state not in ('received', 'applied'))
);
create index webhook_events_due on billing.webhook_events (due_at) where due_at is not null;
create index webhook_events_waiting on billing.webhook_events (stripe_customer_id) where state = 'received';
create index webhook_events_bodies on billing.webhook_events (created_at) where payload is not null;
create index webhook_events_waits_for on billing.webhook_events (waits_for) where state = 'received';
-- Counted four times a minute, and listed for operators: few rows among many.
create index webhook_events_dead on billing.webhook_events (created_at) where state = 'dead';
select platform.protect('billing.webhook_events', 'billing_service', 'select, insert, update');

select platform.create_job_runs('billing', 'billing_service');

-- What a deleted account leaves at Stripe: subscriptions that would be billed, checkout pages that could still be paid.
create table billing.account_closures (
  account_id uuid primary key,
  finished_at timestamptz,
  failures integer not null default 0,
  not_before timestamptz,
  reason text,
  created_at timestamptz not null default now()
);
create index account_closures_open on billing.account_closures (created_at) where finished_at is null;
select platform.protect('billing.account_closures', 'billing_service', 'select, insert, update');

-- Deleted accounts with something left at Stripe. If a checkout page is paid later, its subscription makes the account due again.
create function billing.accounts_to_close(p_limit integer)
returns table (account_id uuid, deleted_at timestamptz, customers text[], subscriptions text[])
language sql stable security definer set search_path = '' as $$
  select d.account_id, d.deleted_at, coalesce(c.ids, '{}'), coalesce(s.ids, '{}')
    from identity.closed_accounts d
    left join billing.account_closures k on k.account_id = d.account_id
    cross join lateral (
      select array_agg(c.stripe_customer_id order by c.stripe_customer_id) as ids from billing.customers c
       where c.account_id = d.account_id and c.deleted_at is null) c
    cross join lateral (
      select array_agg(s.stripe_subscription_id order by s.stripe_subscription_id) as ids from billing.subscriptions s
       where s.account_id = d.account_id and s.source = 'stripe' and s.state not in ('canceled', 'incomplete_expired')) s
   where (s.ids is not null or (c.ids is not null and k.finished_at is null))
     and (k.not_before is null or k.not_before <= now())
   order by d.deleted_at limit p_limit
$$;
grant execute on function billing.accounts_to_close to billing_service;

reset role;

-- migrate:down
