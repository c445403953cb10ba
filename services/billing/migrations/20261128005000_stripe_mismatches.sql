-- migrate:up
set local role billing_owner;

-- Where Stripe's money is not what was granted, taken back or frozen for it. A row that is found no more is marked resolved, and stays.
create table billing.stripe_mismatches (
  kind text not null,
  stripe_id text not null,  -- of the invoice, checkout session, charge, credit note or dispute
  purchase_id text,  -- what is compared again until this is resolved; null: the charge in stripe_id
  account_id uuid,
  detail text not null,
  stripe_minor bigint,
  recorded_minor bigint,
  currency text not null,
  credits integer not null,  -- how many the ledger is off; 0 where it is not off yet
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  resolved_at timestamptz,
  primary key (kind, stripe_id)
);
create index stripe_mismatches_open on billing.stripe_mismatches (first_seen_at) where resolved_at is null;
create index stripe_mismatches_account on billing.stripe_mismatches (account_id);
alter table billing.stripe_mismatches enable row level security;
alter table billing.stripe_mismatches force row level security;
create policy owner_all on billing.stripe_mismatches to billing_owner using (true) with check (true);
create policy service_all on billing.stripe_mismatches to billing_service using (true) with check (true);
grant select, insert, update on billing.stripe_mismatches to billing_service;

-- A day's records are found by their times.
create index purchases_created on billing.purchases (created_at);
create index charges_updated on billing.charges (updated_at);
create index credit_notes_updated on billing.credit_notes (updated_at);
create index purchase_grants_frozen on billing.purchase_grants (grant_key) where frozen_under is not null;

reset role;

-- migrate:down
