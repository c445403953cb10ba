-- migrate:up
-- Comparisons with the ledger and with Stripe.
set local role billing_owner;

-- What reconciliation found. A row that it no longer finds is marked resolved, not deleted.
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
select platform.protect('billing.differences', 'billing_service', 'select, insert, update');

-- Where Stripe's amounts differ from what was granted, revoked or frozen for them. A row that is no longer found is marked
-- resolved, not deleted.
create table billing.stripe_mismatches (
  kind text not null,
  stripe_id text not null,  -- of the invoice, checkout session, charge, credit note or dispute
  purchase_id text,  -- what is compared again until this is resolved; null: the charge in stripe_id
  account_id uuid,
  detail text not null,
  stripe_minor bigint,
  recorded_minor bigint,
  currency text not null,
  credits integer not null,  -- by how many the ledger differs; 0 if it does not differ yet
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  resolved_at timestamptz,
  primary key (kind, stripe_id)
);
create index stripe_mismatches_open on billing.stripe_mismatches (first_seen_at) where resolved_at is null;
create index stripe_mismatches_account on billing.stripe_mismatches (account_id);
select platform.protect('billing.stripe_mismatches', 'billing_service', 'select, insert, update');

-- What billing recorded as granted, revoked and frozen: the ledger's audit compares its grants with it. The views run as their owner.
create view billing.audited_grants as
select g.grant_key, g.account_id, g.credits, g.taken_credits, g.frozen_under is not null as is_frozen,
       exists (select from billing.disputes d join billing.charges c on c.stripe_charge_id = d.stripe_charge_id
                where c.purchase_id = g.purchase_id) as has_dispute,
       'purchase ' || g.purchase_id as booked_as
  from billing.purchase_grants g
union all
select r.grant_key, r.account_id, r.credits, 0, false, false, 'renewal of ' || r.subscription_id from billing.renewals r;
grant select on billing.audited_grants to credits_service;

-- What is inconsistent within this schema. A manual plan that its function did not set is possible: an owner can disable triggers.
create view billing.audit_findings as
select 'paid_invoice_granted_nothing' as what, i.stripe_invoice_id as id,
       format('%s %s paid by account %s, and no purchase was recorded', i.amount_paid_minor, i.currency, i.account_id) as detail
  from billing.invoices i
 where i.amount_paid_minor > 0 and i.created_at < now() - interval '5 minutes'
   and not exists (select from billing.purchases p where p.purchase_id = i.stripe_invoice_id)
   -- An invoice of a checkout: the checkout granted.
   and not exists (select from billing.invoice_payments ip
                     join billing.checkout_sessions s on s.stripe_payment_intent_id = ip.stripe_payment_intent_id
                    where ip.stripe_invoice_id = i.stripe_invoice_id)
   -- An invoice for plans without credits.
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
grant select on billing.audit_findings to credits_service;

reset role;

-- migrate:down
