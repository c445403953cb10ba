-- migrate:up
set local role billing_owner;

-- What was paid for, and the money at stake for it, recorded when it is granted: what goes back is computed from this record.
-- One row for each subscription on an invoice, one for a pack's checkout. Credits of one group_key (a subscription's id, or the
-- purchase's own) are counted together.
create table billing.purchases (
  purchase_id text not null,  -- Stripe's id of the invoice or the checkout session
  group_key text not null,
  account_id uuid not null,
  made_at timestamptz not null,
  total_credits integer not null,  -- of all the time it pays for, less what it gives back; below 0 for a downgrade
  returned_credits integer not null default 0 check (returned_credits >= 0),
  returned_at timestamptz,
  cash_minor bigint not null default 0 check (cash_minor >= 0),
  balance_minor bigint not null default 0 check (balance_minor >= 0),
  returned_minor bigint not null default 0 check (returned_minor >= 0),
  credit_note_minor bigint not null default 0 check (credit_note_minor >= 0),
  currency text not null,
  created_at timestamptz not null default now(),
  primary key (purchase_id, group_key)
);
create index purchases_group on billing.purchases (group_key);
create index purchases_account on billing.purchases (account_id);

-- Months that are paid in advance (see domain/purchase.py, Span). Below 0: what a change of plan no longer gives.
create table billing.purchase_spans (
  purchase_id text not null,
  group_key text not null,
  position smallint not null,
  monthly_credits integer not null,
  anchor timestamptz not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  primary key (purchase_id, group_key, position),
  foreign key (purchase_id, group_key) references billing.purchases (purchase_id, group_key)
);
create index purchase_spans_group on billing.purchase_spans (group_key);
create index purchase_spans_ends on billing.purchase_spans (ends_at);

-- The ledger's grants for purchases. Written in the transaction that grants; `taken_credits` moves with the ledger's revocations.
create table billing.purchase_grants (
  grant_key text primary key,
  purchase_id text not null,
  group_key text not null,
  account_id uuid not null,
  credits integer not null check (credits > 0),
  starts_at timestamptz not null,
  is_month boolean not null default false,  -- of a month that was paid in advance
  is_restored boolean not null default false,  -- given back after too many had been taken
  taken_credits integer not null default 0 check (taken_credits between 0 and credits),
  frozen_under text,  -- the ledger's key of the freeze while a dispute is open
  freezes smallint not null default 0,
  created_at timestamptz not null default now()
);
create index purchase_grants_group on billing.purchase_grants (group_key);
create index purchase_grants_account on billing.purchase_grants (account_id);
create unique index purchase_grants_month on billing.purchase_grants (group_key, starts_at) where is_month;

-- What a credit note gave back beside refunds.
create table billing.credit_notes (
  stripe_credit_note_id text primary key,
  purchase_id text not null,
  account_id uuid not null,
  amount_minor bigint not null check (amount_minor >= 0),
  fetch_seq bigint not null default 0,
  as_of timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index credit_notes_purchase on billing.credit_notes (purchase_id);
create index credit_notes_account on billing.credit_notes (account_id);

-- What was recorded before, in the new form.
insert into billing.purchases
  (purchase_id, group_key, account_id, made_at, total_credits, cash_minor, currency)
select i.stripe_invoice_id, coalesce(i.stripe_subscription_id, i.stripe_invoice_id), i.account_id, i.created_at,
       i.granted_credits * i.months, i.amount_paid_minor, i.currency
  from billing.invoices i where i.grant_key is not null
union all
select s.stripe_session_id, s.stripe_session_id, s.account_id, s.created_at, s.granted_credits, s.amount_total_minor, s.currency
  from billing.checkout_sessions s where s.grant_key is not null;

insert into billing.purchase_spans (purchase_id, group_key, position, monthly_credits, anchor, starts_at, ends_at)
select i.stripe_invoice_id, i.stripe_subscription_id, 0, i.granted_credits, b.begins, b.begins,
       ((b.begins at time zone 'UTC') + make_interval(months => i.months)) at time zone 'UTC'
  from billing.invoices i,
       lateral (select to_timestamp(split_part(i.grant_key, ':', 3)::bigint) as begins) b
 where i.months > 1 and i.grant_key like 'sub:%:%';

insert into billing.purchase_grants (grant_key, purchase_id, group_key, account_id, credits, starts_at)
select i.grant_key, i.stripe_invoice_id, coalesce(i.stripe_subscription_id, i.stripe_invoice_id), i.account_id, i.granted_credits,
       case when i.grant_key like 'sub:%:%' then to_timestamp(split_part(i.grant_key, ':', 3)::bigint) else i.created_at end
  from billing.invoices i where i.grant_key is not null
union all
select s.grant_key, s.stripe_session_id, s.stripe_session_id, s.account_id, s.granted_credits, s.created_at
  from billing.checkout_sessions s where s.grant_key is not null;

-- Months of Stripe's yearly subscriptions that the renewal gave: of the newest invoice before them.
with moved as (
  select r.grant_key, r.account_id, r.credits, r.period_start, p.purchase_id, p.group_key
    from billing.renewals r
    join billing.subscriptions s on s.id = r.subscription_id and s.source = 'stripe'
    cross join lateral (
      select sp.purchase_id, sp.group_key from billing.purchase_spans sp
       where sp.group_key = s.stripe_subscription_id and sp.starts_at < r.period_start and r.period_start < sp.ends_at
       order by sp.starts_at desc limit 1) p
), inserted as (
  insert into billing.purchase_grants (grant_key, purchase_id, group_key, account_id, credits, starts_at, is_month)
  select grant_key, purchase_id, group_key, account_id, credits, period_start, true from moved
  on conflict do nothing returning grant_key
)
delete from billing.renewals r using inserted i where i.grant_key = r.grant_key;

-- A charge is a fact of its own now: what of it went back. What it bought is the purchase's.
alter table billing.charges
  add column purchase_id text,
  add column amount_minor bigint,
  add column currency text;
update billing.charges c
   set purchase_id = g.purchase_id, amount_minor = c.price_minor, currency = p.currency
  from billing.purchase_grants g join billing.purchases p on (p.purchase_id, p.group_key) = (g.purchase_id, g.group_key)
 where g.grant_key = c.grant_key;
update billing.charges set amount_minor = price_minor, currency = '' where amount_minor is null;
update billing.purchase_grants g
   set taken_credits = case when c.live_key = c.grant_key then least(c.revoked_credits, g.credits) else g.credits end,
       frozen_under = case when c.live_key = c.grant_key then c.frozen_under end,
       freezes = (c.frozen_under is not null)::integer
  from billing.charges c where c.grant_key = g.grant_key;
insert into billing.purchase_grants
  (grant_key, purchase_id, group_key, account_id, credits, starts_at, is_restored, frozen_under, freezes)
select c.live_key, g.purchase_id, g.group_key, g.account_id, c.granted_credits - c.revoked_credits, g.starts_at, true,
       c.frozen_under, (c.frozen_under is not null)::integer
  from billing.charges c join billing.purchase_grants g on g.grant_key = c.grant_key
 where c.live_key <> c.grant_key and c.granted_credits > c.revoked_credits
on conflict do nothing;
-- contract: before the first release, no deployed version reads or writes these columns
alter table billing.charges
  drop column grant_key, drop column granted_credits, drop column price_minor, drop column spared_minor,
  drop column revoked_credits, drop column live_key, drop column frozen_under, drop column revision,
  alter column amount_minor set not null, alter column currency set not null;
create index charges_purchase on billing.charges (purchase_id);

-- An invoice may grant nothing, one thing, or several: purchase_grants says which. Two invoices may be for one period.
alter table billing.invoices drop constraint invoices_grant_key_key;

-- What a trial of a plan grants, once for an account. A price's newest row is the one that is sold.
alter table billing.plans add column trial_credits integer not null default 0 check (trial_credits >= 0);
alter table billing.prices
  add column position bigint generated always as identity,
  add column is_active boolean not null default true,
  drop constraint prices_check,
  drop constraint prices_check1,
  add constraint prices_sell check (num_nonnulls(plan, pack) <= 1 and (plan is null) = ("interval" is null));
grant update (is_active) on billing.prices to billing_service;
grant update (trial_credits) on billing.plans to billing_service;

do $$
declare
  name text;
begin
  foreach name in array array['purchases', 'purchase_spans', 'purchase_grants', 'credit_notes'] loop
    execute format('alter table billing.%I enable row level security', name);
    execute format('alter table billing.%I force row level security', name);
    execute format('create policy owner_all on billing.%I to billing_owner using (true) with check (true)', name);
    execute format('create policy service_all on billing.%I to billing_service using (true) with check (true)', name);
    execute format('grant select, insert on billing.%I to billing_service', name);
  end loop;
end $$;
grant update (taken_credits, frozen_under, freezes) on billing.purchase_grants to billing_service;
grant update (amount_minor, fetch_seq, as_of, updated_at) on billing.credit_notes to billing_service;

reset role;

-- migrate:down
