-- migrate:up
set local role credits_owner;

-- One row for each slot of each job of ours that has come; a second tick for it finds the row and does nothing.
create table credits.job_runs (
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
create index job_runs_due on credits.job_runs (due_at) where due_at is not null;
create index job_runs_old on credits.job_runs (created_at) where state <> 'due';
alter table credits.job_runs enable row level security;
alter table credits.job_runs force row level security;
create policy owner_all on credits.job_runs to credits_owner using (true) with check (true);
create policy service_all on credits.job_runs to credits_service using (true) with check (true);
grant select, insert, update, delete on credits.job_runs to credits_service;

-- The keys under which credits were granted, for billing's reconciliation. It runs as its owner: its readers see nothing else.
create view credits.grant_keys as
  select g.idempotency_key as grant_key, g.account_id, g.source, g.amount as credits, g.created_at from credits.grants g;
grant select on credits.grant_keys to billing_service;

-- Tombstones over 90 days old: ids that were settled before they were ever held. No hold comes that late. At most p_limit; how many.
create function credits.forget_tombstones(p_limit integer) returns bigint
language sql security definer set search_path = '' as $$
  with gone as (
    delete from credits.holds h where h.id in (
      select t.id from credits.holds t
       where t.account_id is null and t.state = 'settled' and t.settled_at < now() - interval '90 days'
       limit p_limit for update skip locked)
    returning h.id
  )
  select count(*) from gone
$$;
revoke execute on function credits.forget_tombstones(integer) from public;
grant execute on function credits.forget_tombstones(integer) to credits_service;
create index holds_tombstones on credits.holds (settled_at) where account_id is null;

reset role;

-- migrate:down
