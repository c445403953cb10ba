-- migrate:up
set local role billing_owner;

grant usage on schema billing to credits_service;

-- What billing booked as granted, taken back and frozen: what the ledger's audit compares with its grants. The views run as their owner.
create view billing.audited_grants as
select g.grant_key, g.account_id, g.credits, g.taken_credits, g.frozen_under is not null as is_frozen,
       exists (select from billing.disputes d join billing.charges c on c.stripe_charge_id = d.stripe_charge_id
                where c.purchase_id = g.purchase_id) as has_dispute,
       'purchase ' || g.purchase_id as booked_as
  from billing.purchase_grants g
union all
select r.grant_key, r.account_id, r.credits, 0, false, false, 'renewal of ' || r.subscription_id from billing.renewals r;

-- What doesn't add up within this schema.
create view billing.audit_findings as
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
   and not exists (select from billing.invoices i where i.stripe_subscription_id = s.stripe_subscription_id);
grant select on billing.audited_grants, billing.audit_findings to credits_service;

-- The service starts the free plan and ends plans; any other manual plan is set by billing.set_manual_plan alone.
create function billing.refuse_plan_by_hand() returns trigger language plpgsql set search_path = '' as $$
begin
  if current_user <> 'billing_owner' then
    raise exception 'manual plans are set by billing.set_manual_plan' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
revoke execute on function billing.refuse_plan_by_hand() from public;
create trigger subscriptions_manual_insert before insert on billing.subscriptions for each row
  when (new.source = 'manual' and new.plan <> 'free') execute function billing.refuse_plan_by_hand();
create trigger subscriptions_manual_update before update of plan, state, source on billing.subscriptions for each row
  when (new.source = 'manual' and (old.plan <> new.plan or old.source <> 'manual' or (old.state <> new.state and new.state = 'active')))
  execute function billing.refuse_plan_by_hand();

reset role;

-- migrate:down
