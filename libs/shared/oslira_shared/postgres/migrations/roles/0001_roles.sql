-- migrate:up
-- Roles belong to the cluster, so each is created only if it is missing. The migrating role is no superuser: it has CREATEROLE
-- and owns the database. Provisioning sets passwords, never this file; a role without one cannot log in.
do $$
declare
  name text;
begin
  foreach name in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin noinherit', name);
    end if;
  end loop;

  foreach name in array array['identity', 'credits', 'analysis', 'billing', 'insights', 'scheduler'] loop
    if not exists (select from pg_roles where rolname = name || '_owner') then
      execute format('create role %I nologin', name || '_owner');
    end if;
    -- SET but not INHERIT: migrations choose the owner of what they create by SET ROLE, so the migrating role never owns an object.
    execute format('grant %I to %I with inherit false, set true', name || '_owner', current_user);
  end loop;

  foreach name in array array['gateway', 'credits', 'analysis', 'billing', 'scheduler'] loop
    if not exists (select from pg_roles where rolname = name || '_service') then
      execute format('create role %I login', name || '_service');
    end if;
    execute format('grant connect on database %I to %I', current_database(), name || '_service');
  end loop;

  -- On-call's login. It reads what migrations/operators/ names, and changes the few rows that runbooks change.
  if not exists (select from pg_roles where rolname = 'oslira_operator') then
    create role oslira_operator login;
  end if;
  -- A session that is left open must not keep the locks of a row that promotions need.
  alter role oslira_operator set idle_in_transaction_session_timeout = '30s';
  alter role oslira_operator set lock_timeout = '5s';
  alter role oslira_operator set statement_timeout = '60s';
  execute format('grant connect on database %I to oslira_operator', current_database());

  execute format('revoke all on database %I from public', current_database());

  -- The gateway acts as the user it serves: it may switch to these roles, and has no privileges of theirs until it does.
  grant anon, authenticated to gateway_service with inherit false, set true;
end $$;

revoke all on schema public from public;
grant usage on schema public to anon, authenticated, service_role,
  gateway_service, credits_service, analysis_service, billing_service, scheduler_service,
  identity_owner, credits_owner, analysis_owner, billing_owner, insights_owner, scheduler_owner;
-- Owners of the functions in schema public (user_account_ids, deduct_credits, get_renewable_subscriptions).
grant create on schema public to identity_owner, credits_owner, billing_owner;

-- Other sessions' queries, statistics, and the right to cancel a service's query. A migrator without the admin option on these
-- roles goes on without: docs/architecture/operations.md has the statement for the server's administrator.
do $$ begin
  grant pg_monitor, pg_signal_backend to oslira_operator;
exception when insufficient_privilege then
  raise warning 'oslira_operator has no pg_monitor and pg_signal_backend: the migrator may not grant them';
end $$;

-- By default PUBLIC may execute new functions. Revoked for each role that creates any.
alter default privileges revoke execute on functions from public;

do $$
declare
  name text;
begin
  foreach name in array array['identity', 'credits', 'analysis', 'billing', 'insights', 'scheduler'] loop
    execute format('set local role %I', name || '_owner');
    execute 'alter default privileges revoke execute on functions from public';
    reset role;
  end loop;
end $$;

-- Supabase has an auth schema of its own; elsewhere this creates what policies need of it.
do $$
begin
  if not exists (select from pg_namespace where nspname = 'auth') then
    create schema auth;
    grant usage on schema auth to anon, authenticated, service_role, identity_owner;
  end if;
  if to_regprocedure('auth.uid()') is null then
    create function auth.uid() returns uuid language sql stable set search_path = '' as $f$
      select (nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
    $f$;
    grant execute on function auth.uid() to anon, authenticated, service_role, identity_owner;
  end if;
  if not has_schema_privilege('identity_owner', 'auth', 'usage') then
    -- We cannot grant usage of Supabase's schema: the policies' owner gets it from `authenticated`, which Supabase gave it to.
    grant authenticated to identity_owner with inherit true, set false;
  end if;
end $$;

create schema identity authorization identity_owner;
create schema credits authorization credits_owner;
create schema analysis authorization analysis_owner;
create schema billing authorization billing_owner;
create schema insights authorization insights_owner;
create schema scheduler authorization scheduler_owner;

do $$ begin
  set local role identity_owner;
  grant usage on schema identity to gateway_service, analysis_service, billing_service, analysis_owner, billing_owner, authenticated;
  set local role insights_owner;
  grant usage on schema insights to gateway_service, authenticated;
  set local role credits_owner;
  grant usage on schema credits to credits_service, billing_service, analysis_service, authenticated;
  set local role analysis_owner;
  grant usage on schema analysis to analysis_service, gateway_service, credits_service, authenticated;
  set local role billing_owner;
  grant usage on schema billing to billing_service, gateway_service, analysis_service, credits_service, analysis_owner,
    authenticated;
  set local role scheduler_owner;
  grant usage on schema scheduler to scheduler_service;
  reset role;
end $$;

-- migrate:down
