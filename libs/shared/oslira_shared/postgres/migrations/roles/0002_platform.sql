-- migrate:up
-- What migrations of all schemas call, as the role that owns the schema. Services and users have no access to it.
create schema platform;
grant usage on schema platform to
  identity_owner, credits_owner, analysis_owner, billing_owner, insights_owner, scheduler_owner;

-- Enables row-level security on a table for its owner and one service. FORCE binds the owner too, so that a definer function
-- reads only what a policy names; owner_all is that policy. A service that may only select gets a policy for select only.
create function platform.protect(p_table regclass, p_service text, p_privileges text) returns void
language plpgsql set search_path = '' as $$
begin
  execute format('alter table %s enable row level security, force row level security', p_table);
  execute format('create policy owner_all on %s to %I using (true) with check (true)', p_table, current_user);
  if p_privileges = 'select' then
    execute format('create policy service_read on %s for select to %I using (true)', p_table, p_service);
  else
    execute format('create policy service_all on %s to %I using (true) with check (true)', p_table, p_service);
  end if;
  execute format('grant %s on %s to %I', p_privileges, p_table, p_service);
end $$;

-- Members read the rows of their accounts, all columns or those named. With the gateway: it reads them as itself too.
create function platform.show_to_members(p_table regclass, p_columns text default null, p_with_gateway boolean default false)
returns void
language plpgsql set search_path = '' as $$
declare
  readers text := case when p_with_gateway then 'authenticated, gateway_service' else 'authenticated' end;
begin
  execute format('create policy members_read on %s for select to authenticated
    using (account_id in (select public.user_account_ids()))', p_table);
  if p_with_gateway then
    execute format('create policy gateway_read on %s for select to gateway_service using (true)', p_table);
  end if;
  execute format('grant select%s on %s to %s', ' (' || p_columns || ')', p_table, readers);
end $$;

-- On-call reads all columns, or those named. Personal texts and secrets are never named (migrations/operators/).
create function platform.show_to_operators(p_table regclass, p_columns text default null) returns void
language plpgsql set search_path = '' as $$
begin
  execute format('create policy operators_read on %s for select to oslira_operator using (true)', p_table);
  execute format('grant select%s on %s to oslira_operator', ' (' || p_columns || ')', p_table);
end $$;

-- One row for each slot of each of a service's jobs; a second tick for a slot finds the row and does nothing.
create function platform.create_job_runs(p_schema text, p_service text) returns void
language plpgsql set search_path = '' as $$
begin
  execute format($sql$
    create table %1$I.job_runs (
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
      seq bigint not null default 0,
      created_at timestamptz not null default now(),
      unique (job, slot)
    );
    create index job_runs_due on %1$I.job_runs (due_at) where due_at is not null;
    create index job_runs_old on %1$I.job_runs (created_at) where state <> 'due'
  $sql$, p_schema);
  perform platform.protect(format('%I.job_runs', p_schema)::regclass, p_service, 'select, insert, update, delete');
end $$;

grant execute on all functions in schema platform to
  identity_owner, credits_owner, analysis_owner, billing_owner, insights_owner, scheduler_owner;

-- migrate:down
