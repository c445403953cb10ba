-- migrate:up
-- What an account sells, version by version.
set local role identity_owner;

-- `context` is what models receive; the gateway validates it, the database bounds its size.
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
create index business_profiles_deleted on identity.business_profiles (deleted_at) where deleted_at is not null;
select platform.protect('identity.business_profiles', 'gateway_service', 'select, insert, update, delete');
select platform.show_to_members('identity.business_profiles');
create policy members_add on identity.business_profiles for insert to authenticated
  with check (account_id in (select public.user_account_ids()));
-- Members change a profile's context and soft-delete it; they cannot write its account or its version.
create policy members_change on identity.business_profiles for update to authenticated
  using (account_id in (select public.user_account_ids()))
  with check (account_id in (select public.user_account_ids()));
grant insert, update (name, context, deleted_at) on identity.business_profiles to authenticated;

-- A business profile's context in each version: an analysis refers to the version it was made for.
create table identity.business_profile_versions (
  business_profile_id uuid not null references identity.business_profiles (id) on delete cascade,
  version integer not null check (version > 0),
  account_id uuid not null,
  context jsonb not null,
  created_at timestamptz not null default now(),
  primary key (business_profile_id, version)
);
create index business_profile_versions_of_account on identity.business_profile_versions (account_id);
select platform.protect('identity.business_profile_versions', 'gateway_service', 'select');
select platform.show_to_members('identity.business_profile_versions');

-- For every writer: a changed context has a new version, and an account has a bounded number of profiles.
create function identity.enforce_business_rules() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  max_count constant integer := 50;
begin
  if tg_op = 'UPDATE' then
    new.version := old.version + case when new.context is distinct from old.context then 1 else 0 end;
    if new.version <> old.version or new.deleted_at is distinct from old.deleted_at then
      new.updated_at := now();
    end if;
    if old.deleted_at is null or new.deleted_at is not null then
      return new;
    end if;
  end if;
  -- One more profile, new or restored. The account's row is locked, so that two concurrent writers do not count the same rows;
  -- the count is a second statement, after the lock.
  perform 1 from identity.accounts a where a.id = new.account_id for no key update;
  if (select count(*) from identity.business_profiles b where b.account_id = new.account_id and b.deleted_at is null) >= max_count then
    raise exception 'too many business profiles' using errcode = 'OS409', detail = max_count::text;
  end if;
  return new;
end $$;
create trigger enforce_business_rules before insert or update on identity.business_profiles
  for each row execute function identity.enforce_business_rules();

create function identity.record_business_version() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into identity.business_profile_versions (business_profile_id, version, account_id, context)
  values (new.id, new.version, new.account_id, new.context)
  on conflict do nothing;
  return null;
end $$;
create trigger record_business_version after insert or update of context on identity.business_profiles
  for each row execute function identity.record_business_version();

-- A business as analysis reads it: its newest version, or the one named; null if it is not that account's or was deleted.
create function identity.business_at(p_business_profile_id uuid, p_account_id uuid, p_version integer)
returns table (version integer, context jsonb)
language sql stable security definer set search_path = '' as $$
  select v.version, v.context
    from identity.business_profiles b
    join identity.business_profile_versions v
      on v.business_profile_id = b.id and v.version = coalesce(p_version, b.version)
   where b.id = p_business_profile_id and b.account_id = p_account_id and b.deleted_at is null
$$;
grant execute on function identity.business_at to analysis_service;

-- What anonymous runs are scored for.
insert into identity.business_profiles (id, account_id, name, context) values (
  '6f736c69-7261-4000-8000-00000000a001', '6f736c69-7261-4000-8000-00000000a000', 'Example business', $context${
    "name": "Example business",
    "industry": "Services for brands and creators",
    "offer": "Helps brands, shops and creators that sell through social media to reach more of the right people and to turn their audience into customers",
    "description": "An example that stands for any company that sells to active, commercially minded Instagram profiles",
    "ideal_customer": {
      "description": "A brand, a shop or a professional creator with an engaged audience, that sells something and can be reached",
      "signals": ["posts regularly", "sells a product or a service", "shows a way to make contact", "works with partners"],
      "exclusions": ["private persons without anything to sell", "fan pages", "profiles that only repost"]
    },
    "tone": "friendly and concrete"
  }$context$);

reset role;

-- migrate:down
