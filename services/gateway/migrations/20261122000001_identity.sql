-- migrate:up
set local role identity_owner;

-- A user is a token's subject; who may sign in is the token issuer's business.
create table identity.users (
  id uuid primary key,
  email text check (length(email) <= 320),
  created_at timestamptz not null default now()
);
create unique index users_email on identity.users (lower(email));

-- Whom credits, runs and leads belong to. Members come and go, the account stays.
create table identity.accounts (
  id uuid primary key,
  name text not null check (length(name) between 1 and 120),
  kind text not null default 'personal' check (kind in ('personal', 'team')),
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);

create table identity.members (
  account_id uuid not null references identity.accounts (id) on delete cascade,
  user_id uuid not null references identity.users (id) on delete cascade,
  role text not null default 'member' check (role in ('owner', 'admin', 'member')),
  created_at timestamptz not null default now(),
  primary key (account_id, user_id)
);
create index members_of_user on identity.members (user_id);

-- `context` is what models are told; the gateway validates it, the database bounds it.
create table identity.business_profiles (
  id uuid primary key,
  account_id uuid not null references identity.accounts (id) on delete cascade,
  name text not null check (length(name) between 1 and 120),
  version integer not null default 1 check (version > 0),
  context jsonb not null check (jsonb_typeof(context) = 'object' and length(context::text) <= 32768),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index business_profiles_of_account on identity.business_profiles (account_id, created_at desc, id desc);

-- One row per Idempotency-Key and account. The run id derives from (account, key, generation); a closed or expired one raises
-- the generation, so the row outlives its 24 hours by as long as the clean-up leaves it.
create table identity.idempotency (
  account_id uuid not null references identity.accounts (id) on delete cascade,
  key text not null check (length(key) between 1 and 255),
  body_hash text not null,
  generation integer not null check (generation >= 0),
  run_id uuid not null,
  status smallint not null check (status in (200, 202)),
  expires_at timestamptz not null,
  primary key (account_id, key)
);
create index idempotency_expired on identity.idempotency (expires_at);

-- The accounts of whoever asks. Every policy stands on this; STABLE and over one sub-select, so it runs once a statement.
create function public.user_account_ids() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select m.account_id from identity.members m where m.user_id = (select auth.uid())
$$;
grant execute on function public.user_account_ids() to authenticated;

-- Row-level security: owner and service by name, since FORCE hides rows from definer functions otherwise; users their own.
do $$
declare
  name text;
begin
  foreach name in array array['users', 'accounts', 'members', 'business_profiles', 'idempotency'] loop
    execute format('alter table identity.%I enable row level security', name);
    execute format('alter table identity.%I force row level security', name);
    execute format('create policy owner_all on identity.%I to identity_owner using (true) with check (true)', name);
    execute format('create policy service_all on identity.%I to gateway_service using (true) with check (true)', name);
  end loop;
end $$;
create policy own_row on identity.users for select to authenticated using (id = (select auth.uid()));
create policy members_read on identity.accounts for select to authenticated
  using (id in (select public.user_account_ids()));
create policy members_read on identity.members for select to authenticated
  using (account_id in (select public.user_account_ids()));
create policy members_read on identity.business_profiles for select to authenticated
  using (account_id in (select public.user_account_ids()));
create policy members_add on identity.business_profiles for insert to authenticated
  with check (account_id in (select public.user_account_ids()));

grant select, insert, update on identity.users, identity.accounts, identity.members, identity.business_profiles
  to gateway_service;
grant select, insert, update, delete on identity.idempotency to gateway_service;
grant select on identity.users, identity.accounts, identity.members to authenticated;
grant select, insert on identity.business_profiles to authenticated;

-- The business a run scores for, as analysis reads it; null when it isn't that account's or is gone.
create function identity.business_context(p_business_profile_id uuid, p_account_id uuid) returns jsonb
language sql stable security definer set search_path = '' as $$
  select b.context from identity.business_profiles b
   where b.id = p_business_profile_id and b.account_id = p_account_id and b.deleted_at is null
$$;
grant usage on schema identity to analysis_service;
grant execute on function identity.business_context(uuid, uuid) to analysis_service;

reset role;

-- migrate:down
