-- migrate:up
set local role billing_owner;

-- When a subscription began and ended at Stripe, and from when a manual plan is renewed.
alter table billing.subscriptions
  add column started_at timestamptz,
  add column ended_at timestamptz,
  add column renews_from timestamptz;
-- Whatever the months before were: they are not caught up.
update billing.subscriptions set renews_from = date_trunc('month', now(), 'UTC') where source = 'manual';

-- As before, and: a plan that was off is renewed from now on, not for the time in between.
create or replace function billing.set_manual_plan(p_account_id uuid, p_plan text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if not exists (select from billing.plans p where p.plan = p_plan) then
    raise exception 'there is no plan %', p_plan using errcode = 'invalid_parameter_value';
  end if;
  insert into billing.subscriptions as kept (account_id, plan, state, source) values (p_account_id, p_plan, 'active', 'manual')
  on conflict (account_id) where source = 'manual'
  do update set plan = excluded.plan, state = 'active', updated_at = now(),
                renews_from = case when kept.state = 'active' then kept.renews_from else now() end;
end $$;

-- Periods of manual and free plans that begin in p_at's month (UTC) or began before, and were not given: credits that no payment
-- gives. Not while the account had a subscription at Stripe that was live, since that was its plan; never the first period: who
-- made the subscription granted that. Yearly subscriptions of Stripe's are paid for: see billing.groups_owed.
create or replace function billing.renewable_subscriptions(p_at timestamptz)
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

-- Groups of purchases with a month that was paid in advance, has begun and was not given. The service decides how many credits
-- of it are still paid. Two months after the paid time nothing is caught up any more.
create function billing.groups_owed(p_at timestamptz) returns table (account_id uuid, group_key text)
language sql stable security definer set search_path = '' as $$
  select distinct p.account_id, s.group_key
    from billing.purchase_spans s
    join billing.purchases p on (p.purchase_id, p.group_key) = (s.purchase_id, s.group_key)
   where s.monthly_credits > 0 and s.starts_at < p_at and s.ends_at > p_at - interval '2 months'
     and not exists (select from identity.closed_accounts d where d.account_id = p.account_id)
     and exists (
       select from generate_series(1, 36) n,
              lateral (select ((s.anchor at time zone 'UTC') + make_interval(months => n)) at time zone 'UTC' as begins) b
        where b.begins > s.starts_at and b.begins < s.ends_at and b.begins <= p_at
          and not exists (select from billing.purchase_grants g
                           where g.group_key = s.group_key and g.is_month and g.starts_at = b.begins))
$$;
grant execute on function billing.groups_owed(timestamptz) to billing_service;

-- The clock of an event's patience starts at its first attempt, not when it came.
alter table billing.webhook_events add column first_tried_at timestamptz;
update billing.webhook_events set first_tried_at = waited_from where state = 'received' and attempt > 0;

reset role;

-- migrate:down
