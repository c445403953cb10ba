-- migrate:up
set local role billing_owner;

-- Which account a Stripe customer belongs to. Written once, by a finished checkout; metadata has to agree with it ever after.
create table billing.customers (
  stripe_customer_id text primary key,
  account_id uuid not null,
  created_at timestamptz not null default now()
);
create index customers_account on billing.customers (account_id);

create table billing.subscriptions (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null,
  plan text not null references billing.plans (plan),
  -- Stripe's own words; a manual one is active or canceled.
  state text not null check (state in ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due',
    'canceled', 'unpaid', 'paused')),
  source text not null check (source in ('stripe', 'manual')),
  period_start timestamptz,
  period_end timestamptz,
  cancel_at_period_end boolean not null default false,
  stripe_subscription_id text unique,
  stripe_customer_id text,
  stripe_price_id text,
  -- Taken before the object is fetched: an answer with a lower number than the row's is older news and changes nothing.
  fetch_seq bigint not null default 0,
  -- The moment of the event whose snapshot this is, where Stripe could not be asked for the object itself.
  as_of timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((source = 'stripe') = (stripe_subscription_id is not null))
);
create index subscriptions_account on billing.subscriptions (account_id);
create index subscriptions_plan on billing.subscriptions (plan);
create unique index subscriptions_one_manual on billing.subscriptions (account_id) where source = 'manual';
create sequence billing.fetch_seq;

create table billing.invoices (
  stripe_invoice_id text primary key,
  account_id uuid not null,
  stripe_subscription_id text,
  billing_reason text,
  amount_paid_minor bigint not null,
  currency text not null,
  -- What it granted, if anything: reconciliation compares these with the ledger.
  grant_key text unique,
  granted_credits integer not null default 0,
  created_at timestamptz not null default now(),
  check ((grant_key is null) = (granted_credits = 0))
);
create index invoices_account on billing.invoices (account_id);

do $$
declare
  name text;
begin
  foreach name in array array['customers', 'subscriptions', 'invoices'] loop
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy owner_all on billing.%I to billing_owner using (true) with check (true)', name);
    execute format('create policy service_all on billing.%I to billing_service using (true) with check (true)', name);
  end loop;
  foreach name in array array['subscriptions', 'invoices'] loop
    execute format('create policy members_read on billing.%I for select to authenticated
      using (account_id in (select public.user_account_ids()))', name);
  end loop;
end $$;

grant select, insert on billing.customers, billing.invoices to billing_service;
grant select, insert, update on billing.subscriptions to billing_service;
grant usage on sequence billing.fetch_seq to billing_service;
grant select (account_id, plan, state, source, period_start, period_end, cancel_at_period_end)
  on billing.subscriptions to authenticated;
grant select (stripe_invoice_id, account_id, amount_paid_minor, currency, granted_credits, created_at)
  on billing.invoices to authenticated;

-- The plan an account is on: of what is live, the one that gives most, so that a leftover free plan never hides a paid one.
-- An account without a live subscription is absent. The view reads as its owner: its readers see nothing but these two columns.
create view billing.account_plans as
  select distinct on (s.account_id) s.account_id, s.plan
    from billing.subscriptions s join billing.plans p on p.plan = s.plan
   where s.state in ('active', 'trialing', 'past_due')
   order by s.account_id, p.monthly_credits desc, s.plan;
grant select on billing.account_plans to billing_service, analysis_service, gateway_service;

-- Puts an account on a plan that Stripe doesn't bill. Raises invalid_parameter_value for an unknown plan.
create function billing.set_manual_plan(p_account_id uuid, p_plan text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if not exists (select from billing.plans p where p.plan = p_plan) then
    raise exception 'there is no plan %', p_plan using errcode = 'invalid_parameter_value';
  end if;
  insert into billing.subscriptions (account_id, plan, state, source) values (p_account_id, p_plan, 'active', 'manual')
  on conflict (account_id) where source = 'manual'
  do update set plan = excluded.plan, state = 'active', updated_at = now();
end $$;
grant execute on function billing.set_manual_plan(uuid, text) to billing_service;

reset role;

-- migrate:down
