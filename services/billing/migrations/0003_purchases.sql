-- migrate:up
-- Payments, what they grant, and what is paid back.
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
select platform.protect('billing.checkout_sessions', 'billing_service', 'select, insert, update');

-- Which invoice a payment paid: a refund or dispute names only the payment.
create table billing.invoice_payments (
  stripe_payment_intent_id text primary key,
  stripe_invoice_id text not null,
  created_at timestamptz not null default now()
);
select platform.protect('billing.invoice_payments', 'billing_service', 'select, insert, update');

-- What was paid for, and the money at stake for it, recorded when it is granted: reversals are computed from this record.
-- One row for each subscription on an invoice, one for a pack's checkout. Credits of one group_key (a subscription's id, or the
-- purchase's own) are counted together.
create table billing.purchases (
  purchase_id text not null,  -- Stripe's id of the invoice or the checkout session
  group_key text not null,
  account_id uuid not null,
  made_at timestamptz not null,
  total_credits integer not null,  -- of all the time it pays for, less what it returns; below 0 for a downgrade
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
-- A day's records are found by their times.
create index purchases_created on billing.purchases (created_at);
select platform.protect('billing.purchases', 'billing_service', 'select, insert');

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
select platform.protect('billing.purchase_spans', 'billing_service', 'select, insert');

-- The ledger's grants for purchases. Written in the transaction that grants; `taken_credits` moves with the ledger's revocations.
create table billing.purchase_grants (
  grant_key text primary key,
  purchase_id text not null,
  group_key text not null,
  account_id uuid not null,
  credits integer not null check (credits > 0),
  starts_at timestamptz not null,
  is_month boolean not null default false,  -- of a month that was paid in advance
  is_restored boolean not null default false,  -- granted again after too many had been revoked
  taken_credits integer not null default 0 check (taken_credits between 0 and credits),
  frozen_under text,  -- the ledger's key of the freeze while a dispute is open
  freezes smallint not null default 0,
  created_at timestamptz not null default now()
);
create index purchase_grants_group on billing.purchase_grants (group_key);
create index purchase_grants_account on billing.purchase_grants (account_id);
create unique index purchase_grants_month on billing.purchase_grants (group_key, starts_at) where is_month;
create index purchase_grants_frozen on billing.purchase_grants (grant_key) where frozen_under is not null;
select platform.protect('billing.purchase_grants', 'billing_service', 'select, insert');
grant update (taken_credits, frozen_under, freezes) on billing.purchase_grants to billing_service;

-- A charge with a refund or a dispute. What it bought is in the purchase.
create table billing.charges (
  stripe_charge_id text primary key,
  account_id uuid not null,
  refunded_minor bigint not null default 0,
  fetch_seq bigint not null default 0,
  as_of timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  purchase_id text,
  amount_minor bigint not null,
  currency text not null
);
create index charges_account on billing.charges (account_id);
create index charges_purchase on billing.charges (purchase_id);
create index charges_updated on billing.charges (updated_at);
select platform.protect('billing.charges', 'billing_service', 'select, insert, update');

create table billing.disputes (
  stripe_dispute_id text primary key,
  stripe_charge_id text not null references billing.charges (stripe_charge_id),
  amount_minor bigint not null,
  state text not null,  -- Stripe's status; an unknown one counts as open
  fetch_seq bigint not null default 0,
  as_of timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index disputes_charge on billing.disputes (stripe_charge_id);
create index disputes_updated on billing.disputes (updated_at);
select platform.protect('billing.disputes', 'billing_service', 'select, insert, update');

-- What a credit note returned in addition to refunds.
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
create index credit_notes_updated on billing.credit_notes (updated_at);
select platform.protect('billing.credit_notes', 'billing_service', 'select, insert');
grant update (amount_minor, fetch_seq, as_of, updated_at) on billing.credit_notes to billing_service;

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
select platform.protect('billing.payment_problems', 'billing_service', 'select, insert, update, delete');
select platform.show_to_members('billing.payment_problems',
  'stripe_invoice_id, account_id, problem, hosted_invoice_url, next_attempt_at, created_at');

-- Groups of purchases with a month that was paid in advance, has begun and was not granted. The service computes how many
-- credits of it are still paid. Nothing is caught up later than two months after the paid time.
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
grant execute on function billing.groups_owed to billing_service;

reset role;

-- migrate:down
