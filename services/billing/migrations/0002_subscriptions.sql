-- migrate:up
-- Customers, subscriptions, invoices, and the months that plans without a payment grant.
set local role billing_owner;

-- Which account a Stripe customer belongs to. Written once, by a finished checkout; later metadata has to agree with it.
create table billing.customers (
  stripe_customer_id text primary key,
  account_id uuid not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index customers_account on billing.customers (account_id);
select platform.protect('billing.customers', 'billing_service', 'select, insert');
grant update (deleted_at) on billing.customers to billing_service;

create table billing.subscriptions (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null,
  plan text not null references billing.plans (plan),
  -- Stripe's states; a manual one is active or canceled.
  state text not null check (state in ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due',
    'canceled', 'unpaid', 'paused')),
  source text not null check (source in ('stripe', 'manual')),
  period_start timestamptz,
  period_end timestamptz,
  cancel_at_period_end boolean not null default false,
  stripe_subscription_id text unique,
  stripe_customer_id text,
  stripe_price_id text,
  -- Drawn before the object is fetched: an answer with a lower number than the row's is older and changes nothing.
  fetch_seq bigint not null default 0,
  -- The time of the event whose snapshot this is, if the object itself could not be fetched.
  as_of timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  "interval" text check ("interval" in ('month', 'year')),
  started_at timestamptz,
  ended_at timestamptz,
  renews_from timestamptz,
  check ((source = 'stripe') = (stripe_subscription_id is not null))
);
create index subscriptions_account on billing.subscriptions (account_id);
create index subscriptions_plan on billing.subscriptions (plan);
create unique index subscriptions_one_manual on billing.subscriptions (account_id) where source = 'manual';
select platform.protect('billing.subscriptions', 'billing_service', 'select, insert, update');
select platform.show_to_members('billing.subscriptions',
  'account_id, plan, state, source, period_start, period_end, cancel_at_period_end, created_at, "interval"');
create sequence billing.fetch_seq;
grant usage on sequence billing.fetch_seq to billing_service;

create table billing.invoices (
  stripe_invoice_id text primary key,
  account_id uuid not null,
  stripe_subscription_id text,
  billing_reason text,
  amount_paid_minor bigint not null,
  currency text not null,
  -- What it granted, if anything: reconciliation compares these with the ledger.
  grant_key text,
  granted_credits integer not null default 0,
  created_at timestamptz not null default now(),
  months smallint not null default 1 check (months > 0),
  check ((grant_key is null) = (granted_credits = 0))
);
create index invoices_account on billing.invoices (account_id);
select platform.protect('billing.invoices', 'billing_service', 'select, insert');
select platform.show_to_members('billing.invoices',
  'stripe_invoice_id, account_id, amount_paid_minor, currency, granted_credits, created_at');

-- Every plan that billing.set_manual_plan set, by whom and when. The audit compares manual plans with it.
create table billing.manual_plans (
  id bigint generated always as identity primary key,
  account_id uuid not null,
  plan text not null references billing.plans (plan),
  set_by text not null default session_user,
  set_at timestamptz not null default clock_timestamp()
);
create index manual_plans_account on billing.manual_plans (account_id, id);
create index manual_plans_plan on billing.manual_plans (plan);
select platform.protect('billing.manual_plans', 'billing_service', 'select');

-- Credits that a renewal granted, without an invoice. Written in the transaction that grants them.
create table billing.renewals (
  grant_key text primary key,
  subscription_id uuid not null references billing.subscriptions (id),
  account_id uuid not null,
  plan text not null,
  period_start timestamptz not null,
  credits integer not null check (credits > 0),
  created_at timestamptz not null default now(),
  unique (subscription_id, period_start)
);
create index renewals_account on billing.renewals (account_id);
select platform.protect('billing.renewals', 'billing_service', 'select, insert');

-- An account's plan: of its live subscriptions, the one with the most credits, so that a leftover free plan never hides a paid one.
-- An account without a live subscription is absent; the anonymous account is on a plan of its own, which is not for sale.
-- The view reads as its owner: its readers see only these two columns.
create view billing.account_plans as
  (select distinct on (s.account_id) s.account_id, s.plan
     from billing.subscriptions s join billing.plans p on p.plan = s.plan
    where s.state in ('active', 'trialing', 'past_due')
    order by s.account_id, p.monthly_credits desc, s.plan)
  union all
  select '6f736c69-7261-4000-8000-00000000a000'::uuid, 'anonymous';
grant select on billing.account_plans to analysis_owner, analysis_service, billing_service, gateway_service;

-- The service starts the free plan and ends plans; only billing.set_manual_plan sets any other manual plan. That binds the
-- schema's owner too. The statement's user is the owner in both cases, so the trigger looks for the function in the call stack.
create function billing.reject_direct_plan_change() returns trigger language plpgsql set search_path = '' as $$
declare
  v_context text;
begin
  get diagnostics v_context = pg_context;
  if v_context !~ '(^|\n)PL/pgSQL function billing\.set_manual_plan\(uuid,text\) line \d+ at SQL statement' then
    raise exception 'manual plans are set by billing.set_manual_plan' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger subscriptions_manual_insert before insert on billing.subscriptions for each row
  when (new.source = 'manual' and new.plan <> 'free') execute function billing.reject_direct_plan_change();
create trigger subscriptions_manual_update before update of plan, state, source on billing.subscriptions for each row
  when (new.source = 'manual' and (old.plan <> new.plan or old.source <> 'manual' or (old.state <> new.state and new.state = 'active')))
  execute function billing.reject_direct_plan_change();
create trigger manual_plans_by_function before insert on billing.manual_plans
  for each row execute function billing.reject_direct_plan_change();

create function billing.reject_change() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception 'rows of % are immutable', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger manual_plans_immutable before update or delete on billing.manual_plans
  for each row execute function billing.reject_change();

-- Sets an account's plan that Stripe does not bill, and records it. A plan that was inactive renews from now on, not for the
-- time in between. Raises invalid_parameter_value for an unknown plan.
create function billing.set_manual_plan(p_account_id uuid, p_plan text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if not exists (select from billing.plans p where p.plan = p_plan) then
    raise exception 'there is no plan %', p_plan using errcode = 'invalid_parameter_value';
  end if;
  insert into billing.subscriptions as kept (account_id, plan, state, source) values (p_account_id, p_plan, 'active', 'manual')
  on conflict (account_id) where source = 'manual'
  do update set plan = excluded.plan, state = 'active', updated_at = now(),
                renews_from = case when kept.state = 'active' then kept.renews_from else now() end;
  insert into billing.manual_plans (account_id, plan) values (p_account_id, p_plan);
end $$;
grant execute on function billing.set_manual_plan to billing_service;

-- The start of the period that begins in the month of p_at (UTC). Periods are counted in months from the anchor itself, so that
-- one that began on the 31st begins on the last day of shorter months, and on the 31st again after them.
create function billing.period_in_month(p_anchor timestamptz, p_at timestamptz) returns timestamptz
language sql immutable set search_path = '' as $$
  select ((p_anchor at time zone 'UTC') + make_interval(months =>
    (12 * (extract(year from p_at at time zone 'UTC') - extract(year from p_anchor at time zone 'UTC'))
      + extract(month from p_at at time zone 'UTC') - extract(month from p_anchor at time zone 'UTC'))::integer)) at time zone 'UTC'
$$;
grant execute on function billing.period_in_month to billing_service;

-- Periods of manual and free plans that begin in p_at's month (UTC) or began before, and were not granted: credits without a payment.
-- Not while the account had a live subscription at Stripe, since that was its plan; never the first period, which is granted
-- with the subscription. Yearly subscriptions at Stripe are paid for: see billing.groups_owed.
create function billing.renewable_subscriptions(p_at timestamptz)
returns table (subscription_id uuid, account_id uuid, plan text, credits integer, period_start timestamptz, grant_key text)
language sql stable security definer set search_path = '' as $$
  with period as (
    select s.id, s.account_id, s.plan, b.begins
      from billing.subscriptions s,
           lateral (select coalesce(s.period_start, s.created_at) as anchor) a,
           lateral generate_series(1,
             (12 * (extract(year from p_at at time zone 'UTC') - extract(year from a.anchor at time zone 'UTC'))
               + extract(month from p_at at time zone 'UTC') - extract(month from a.anchor at time zone 'UTC'))::integer) n,
           lateral (select ((a.anchor at time zone 'UTC') + make_interval(months => n)) at time zone 'UTC' as begins) b
     where s.source = 'manual' and s.state = 'active' and b.begins >= coalesce(s.renews_from, a.anchor)
  )
  select p.id, p.account_id, p.plan, c.monthly_credits, p.begins, 'sub:' || p.id || ':' || extract(epoch from p.begins)::bigint
    from period p
    join billing.plans c on c.plan = p.plan and c.monthly_credits > 0
   where not exists (select from billing.renewals r where r.subscription_id = p.id and r.period_start = p.begins)
     and not exists (select from identity.closed_accounts d where d.account_id = p.account_id)
     and not exists (
       select from billing.subscriptions live
        where live.account_id = p.account_id and live.source = 'stripe'
          and coalesce(live.started_at, live.created_at) <= least(p.begins, p_at)
          and (live.state in ('trialing', 'active', 'past_due')
            or (live.state = 'canceled' and coalesce(live.ended_at, live.updated_at) > least(p.begins, p_at))))
   order by p.account_id, p.begins
$$;
grant execute on function billing.renewable_subscriptions to billing_service;

-- For callers of the previous system: subscriptions that the current month's renewal still owes credits.
create function public.get_renewable_subscriptions()
returns table (subscription_id uuid, account_id uuid, plan text, credits integer, period_start timestamptz, grant_key text)
language sql stable security definer set search_path = '' as $$
  select * from billing.renewable_subscriptions(now())
$$;
grant execute on function public.get_renewable_subscriptions to billing_service, service_role;

reset role;

-- migrate:down
