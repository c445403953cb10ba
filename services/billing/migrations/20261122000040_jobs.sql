-- migrate:up
set local role billing_owner;

create index job_runs_old on billing.job_runs (created_at) where state <> 'due';
grant delete on billing.job_runs to billing_service;

-- Credits that a renewal granted: what no invoice shows. Written in the transaction that grants them.
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

-- What reconciliation found and is still so. A row that is found no more is marked resolved, and stays.
create table billing.differences (
  what text not null,
  ref text not null,
  detail text not null,
  account_id uuid,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  resolved_at timestamptz,
  primary key (what, ref)
);
create index differences_open on billing.differences (first_seen_at) where resolved_at is null;
create index differences_account on billing.differences (account_id);

do $$
declare
  name text;
begin
  foreach name in array array['renewals', 'differences'] loop
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy owner_all on billing.%I to billing_owner using (true) with check (true)', name);
    execute format('create policy service_all on billing.%I to billing_service using (true) with check (true)', name);
  end loop;
end $$;
grant select, insert on billing.renewals to billing_service;
grant select, insert, update on billing.differences to billing_service;

-- The start of the period that begins in the month of p_at (UTC). Periods are counted in months from the anchor itself, so that
-- one that began on the 31st begins on the last day of shorter months, and on the 31st again after them.
create function billing.period_in_month(p_anchor timestamptz, p_at timestamptz) returns timestamptz
language sql immutable set search_path = '' as $$
  select ((p_anchor at time zone 'UTC') + make_interval(months =>
    (12 * (extract(year from p_at at time zone 'UTC') - extract(year from p_anchor at time zone 'UTC'))
      + extract(month from p_at at time zone 'UTC') - extract(month from p_anchor at time zone 'UTC'))::integer)) at time zone 'UTC'
$$;

-- Whom the renewal of p_at's month gives credits that no invoice gives, and has not given them yet:
-- manual and free plans, unless the account has a subscription at Stripe that is live, since that is what it is on then;
-- Stripe's yearly ones, in the months between two invoices. Never in the first period: who made the subscription granted that.
create function billing.renewable_subscriptions(p_at timestamptz)
returns table (subscription_id uuid, account_id uuid, plan text, credits integer, period_start timestamptz, grant_key text)
language sql stable security definer set search_path = '' as $$
  with candidate as (
    select s.id, s.account_id, s.plan, s.stripe_subscription_id,
           billing.period_in_month(coalesce(s.period_start, s.created_at), p_at) as starts
      from billing.subscriptions s
     where (s.source = 'manual' and s.state = 'active'
            and not exists (select from billing.subscriptions live
                             where live.account_id = s.account_id and live.source = 'stripe'
                               and live.state in ('trialing', 'active', 'past_due')))
        or (s.source = 'stripe' and s.state in ('trialing', 'active') and s.period_start is not null
            -- a year, whatever the price is called here
            and s.period_end > s.period_start + interval '32 days')
  )
  select c.id, c.account_id, c.plan, p.monthly_credits, c.starts,
         'sub:' || coalesce(c.stripe_subscription_id, c.id::text) || ':' || extract(epoch from c.starts)::bigint
    from candidate c
    join billing.subscriptions s on s.id = c.id
    join billing.plans p on p.plan = c.plan and p.monthly_credits > 0
   where c.starts > coalesce(s.period_start, s.created_at)
     -- the next invoice is Stripe's
     and (s.source = 'manual' or date_trunc('month', s.period_end, 'UTC') > date_trunc('month', c.starts, 'UTC'))
     and not exists (select from billing.renewals r where r.subscription_id = c.id and r.period_start = c.starts)
     and not exists (select from identity.closed_accounts d where d.account_id = c.account_id)
   order by c.account_id, c.id
$$;
grant execute on function billing.period_in_month(timestamptz, timestamptz) to billing_service;

grant execute on function billing.renewable_subscriptions(timestamptz) to billing_service;

-- For callers of the system before this one: whom the current month's renewal still owes credits.
create function public.get_renewable_subscriptions()
returns table (subscription_id uuid, account_id uuid, plan text, credits integer, period_start timestamptz, grant_key text)
language sql stable security definer set search_path = '' as $$
  select * from billing.renewable_subscriptions(now())
$$;
revoke execute on function public.get_renewable_subscriptions() from public;
grant execute on function public.get_renewable_subscriptions() to service_role, billing_service;

reset role;

-- migrate:down
