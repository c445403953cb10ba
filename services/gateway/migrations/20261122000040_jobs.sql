-- migrate:up
set local role identity_owner;

-- One row for each slot of each job of ours that has come; a second tick for it finds the row and does nothing.
create table identity.job_runs (
  id uuid primary key,
  job text not null,
  slot timestamptz not null,
  counts jsonb not null default '{}',
  reason text,
  state text not null check (state in ('due', 'done', 'failed')),
  attempt integer not null default 0,
  failures integer not null default 0,
  lease_until timestamptz,
  not_before timestamptz,
  due_at timestamptz,
  progressed_at timestamptz,
  cancel_requested_at timestamptz,
  seq bigint not null default 0,
  created_at timestamptz not null default now(),
  unique (job, slot)
);
create index job_runs_due on identity.job_runs (due_at) where due_at is not null;
create index job_runs_old on identity.job_runs (created_at) where state <> 'due';
alter table identity.job_runs enable row level security;
alter table identity.job_runs force row level security;
create policy owner_all on identity.job_runs to identity_owner using (true) with check (true);
create policy service_all on identity.job_runs to gateway_service using (true) with check (true);
grant select, insert, update, delete on identity.job_runs to gateway_service;

-- What the clean-up looks for.
create index accounts_deleted on identity.accounts (deleted_at) where deleted_at is not null;
create index business_profiles_deleted on identity.business_profiles (deleted_at) where deleted_at is not null;
grant delete on identity.accounts, identity.business_profiles to gateway_service;

-- What is left of an account that was purged: its id, which the ledger's entries keep naming, and which other services purge by.
create table identity.purged_accounts (
  account_id uuid primary key,
  deleted_at timestamptz not null,
  purged_at timestamptz not null default now()
);
alter table identity.purged_accounts enable row level security;
alter table identity.purged_accounts force row level security;
create policy owner_all on identity.purged_accounts to identity_owner using (true) with check (true);
create policy service_all on identity.purged_accounts to gateway_service using (true) with check (true);
grant select, insert on identity.purged_accounts to gateway_service;

-- Accounts that are deleted, purged or not. It runs as its owner: its readers see ids and times alone.
create view identity.closed_accounts as
  select a.id as account_id, a.deleted_at, null::timestamptz as purged_at from identity.accounts a where a.deleted_at is not null
  union all
  select p.account_id, p.deleted_at, p.purged_at from identity.purged_accounts p;
grant usage on schema identity to billing_owner;
grant select on identity.closed_accounts to analysis_service, billing_owner;

reset role;

-- migrate:down
