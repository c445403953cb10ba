-- migrate:up
set local role billing_owner;

-- Finished checkouts that sell a pack. An unpaid one grants nothing until its later event says that it is paid.
create table billing.checkout_sessions (
  stripe_session_id text primary key,
  account_id uuid not null,
  payment_status text not null check (payment_status in ('paid', 'unpaid', 'no_payment_required', 'failed')),
  stripe_payment_intent_id text,
  amount_total_minor bigint not null,
  currency text not null,
  grant_key text unique,
  granted_credits integer not null default 0,
  created_at timestamptz not null default now(),
  check ((grant_key is null) = (granted_credits = 0))
);
create index checkout_sessions_account on billing.checkout_sessions (account_id);
create index checkout_sessions_payment on billing.checkout_sessions (stripe_payment_intent_id);

-- Which invoice a payment paid: a refund or dispute names the payment alone.
create table billing.invoice_payments (
  stripe_payment_intent_id text primary key,
  stripe_invoice_id text not null,
  created_at timestamptz not null default now()
);

-- A charge of which money went back, or may have to: what it bought, and how much of that was taken back so far.
create table billing.charges (
  stripe_charge_id text primary key,
  account_id uuid not null,
  grant_key text,  -- null: what it paid for granted nothing
  granted_credits integer not null default 0,
  price_minor bigint not null check (price_minor > 0),  -- what all those credits cost
  spared_minor bigint not null default 0,  -- of the price: what was for months that are granted later, or never
  refunded_minor bigint not null default 0,
  revoked_credits integer not null default 0 check (revoked_credits between 0 and granted_credits),
  live_key text,  -- the ledger's grant that what is left of them is in: its own, or the one they were given back in
  frozen_under text,  -- the ledger's key of the freeze while a dispute is open
  revision integer not null default 0,  -- part of the ledger's keys: each change of what is taken back is a new one
  fetch_seq bigint not null default 0,
  as_of timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((grant_key is null) = (granted_credits = 0))
);
create index charges_account on billing.charges (account_id);
create index charges_grant on billing.charges (grant_key);

create table billing.disputes (
  stripe_dispute_id text primary key,
  stripe_charge_id text not null references billing.charges (stripe_charge_id),
  amount_minor bigint not null,
  state text not null,  -- Stripe's word; one that we don't know counts as open
  fetch_seq bigint not null default 0,
  as_of timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index disputes_charge on billing.disputes (stripe_charge_id);

-- Invoices that could not be collected so far, and where their owner can pay them.
create table billing.payment_problems (
  stripe_invoice_id text primary key,
  account_id uuid not null,
  stripe_subscription_id text,
  problem text not null check (problem in ('payment_failed', 'payment_action_required')),
  hosted_invoice_url text,
  next_attempt_at timestamptz,
  created_at timestamptz not null default now()
);
create index payment_problems_account on billing.payment_problems (account_id);

-- A yearly invoice grants its first month alone; what it costs is for all of them.
alter table billing.invoices add column months smallint not null default 1 check (months > 0);
alter table billing.subscriptions add column "interval" text check ("interval" in ('month', 'year'));

-- What an event waits for (a customer, a payment, a charge, an invoice), so that its arrival wakes it.
alter table billing.webhook_events
  add column waits_for text,
  add column waited_from timestamptz not null default now();  -- when it came; when it was revived, if it was dead
create index webhook_events_waits_for on billing.webhook_events (waits_for) where state = 'received';

do $$
declare
  name text;
begin
  foreach name in array array['checkout_sessions', 'invoice_payments', 'charges', 'disputes', 'payment_problems'] loop
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy owner_all on billing.%I to billing_owner using (true) with check (true)', name);
    execute format('create policy service_all on billing.%I to billing_service using (true) with check (true)', name);
    execute format('grant select, insert, update on billing.%I to billing_service', name);
  end loop;
end $$;

create policy members_read on billing.plans for select to authenticated using (true);
grant select on billing.plans to authenticated;
create policy members_read on billing.payment_problems for select to authenticated
  using (account_id in (select public.user_account_ids()));
grant delete on billing.payment_problems to billing_service;
grant select (stripe_invoice_id, account_id, problem, hosted_invoice_url, next_attempt_at, created_at)
  on billing.payment_problems to authenticated;
grant select ("interval", created_at) on billing.subscriptions to authenticated;

reset role;

-- migrate:down
