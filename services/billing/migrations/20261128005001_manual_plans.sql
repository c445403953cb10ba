-- migrate:up
set local role billing_owner;

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
alter table billing.manual_plans enable row level security;
alter table billing.manual_plans force row level security;
create policy owner_all on billing.manual_plans to billing_owner using (true) with check (true);
create policy service_read on billing.manual_plans for select to billing_service using (true);
grant select on billing.manual_plans to billing_service;

-- Those that were set before there was a record.
insert into billing.manual_plans (account_id, plan, set_by, set_at)
  select account_id, plan, 'before the record', updated_at from billing.subscriptions where source = 'manual' and plan <> 'free';

-- As before, and: it is on record.
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
  insert into billing.manual_plans (account_id, plan) values (p_account_id, p_plan);
end $$;

-- As before, and: the schema's owner has to call the function too. Who runs the statement is the owner in both cases, so the
-- function's name is looked for among what is being executed.
create or replace function billing.refuse_plan_by_hand() returns trigger language plpgsql set search_path = '' as $$
declare
  v_context text;
begin
  get diagnostics v_context = pg_context;
  if v_context !~ '(^|\n)PL/pgSQL function billing\.set_manual_plan\(uuid,text\) line \d+ at SQL statement' then
    raise exception 'manual plans are set by billing.set_manual_plan' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
revoke execute on function billing.refuse_plan_by_hand() from public;
create trigger manual_plans_by_function before insert on billing.manual_plans
  for each row execute function billing.refuse_plan_by_hand();
create function billing.refuse_change() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception 'a record of % stays as it was made', tg_table_name using errcode = 'insufficient_privilege';
end $$;
revoke execute on function billing.refuse_change() from public;
create trigger manual_plans_kept before update or delete on billing.manual_plans
  for each row execute function billing.refuse_change();

-- As before, and: a manual plan that was not set by its function, which an owner that switches triggers off can do.
create or replace view billing.audit_findings as
select 'paid_invoice_granted_nothing' as what, i.stripe_invoice_id as id,
       format('%s %s paid by account %s, and no purchase was recorded', i.amount_paid_minor, i.currency, i.account_id) as detail
  from billing.invoices i
 where i.amount_paid_minor > 0 and i.created_at < now() - interval '5 minutes'
   and not exists (select from billing.purchases p where p.purchase_id = i.stripe_invoice_id)
   -- One that a checkout made: the checkout granted.
   and not exists (select from billing.invoice_payments ip
                     join billing.checkout_sessions s on s.stripe_payment_intent_id = ip.stripe_payment_intent_id
                    where ip.stripe_invoice_id = i.stripe_invoice_id)
   -- One that bills only what gives no credits.
   and (i.stripe_subscription_id is null
     or exists (select from billing.subscriptions s join billing.plans l on l.plan = s.plan
                 where s.stripe_subscription_id = i.stripe_subscription_id and l.monthly_credits > 0))
union all
select 'money_event_is_dead', e.stripe_event_id, format('%s of account %s: %s', e.type, e.account_id, e.reason)
  from billing.webhook_events e
 where e.state = 'dead'
   and (e.type in ('invoice.paid', 'checkout.session.completed', 'checkout.session.async_payment_succeeded', 'charge.refunded')
     or e.type like 'refund.%' or e.type like 'charge.dispute.%' or e.type like 'credit\_note.%')
union all
select 'subscription_is_not_its_price', s.stripe_subscription_id,
       format('on plan %s, its price %s sells %s', s.plan, s.stripe_price_id, p.plan)
  from billing.subscriptions s join billing.prices p on p.stripe_price_id = s.stripe_price_id
 where s.source = 'stripe' and s.state in ('active', 'past_due', 'trialing') and p.plan is not null and p.plan <> s.plan
union all
select 'subscription_without_payment', s.stripe_subscription_id,
       format('account %s is on plan %s, and Stripe billed nothing for it', s.account_id, s.plan)
  from billing.subscriptions s join billing.plans l on l.plan = s.plan and l.monthly_credits > 0
 where s.source = 'stripe' and s.state in ('active', 'past_due') and s.created_at < now() - interval '1 hour'
   and not exists (select from billing.purchases p where p.group_key = s.stripe_subscription_id)
   and not exists (select from billing.invoices i where i.stripe_subscription_id = s.stripe_subscription_id)
union all
select 'manual_plan_without_record', s.id::text,
       format('account %s is on plan %s, which billing.set_manual_plan did not set', s.account_id, s.plan)
  from billing.subscriptions s
 where s.source = 'manual' and s.state = 'active' and s.plan <> 'free'
   and s.plan is distinct from
     (select m.plan from billing.manual_plans m where m.account_id = s.account_id order by m.id desc limit 1);

reset role;

-- migrate:down
