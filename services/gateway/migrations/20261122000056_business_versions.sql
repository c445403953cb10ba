-- migrate:up
set local role identity_owner;

-- What a business profile said in each of its versions: an analysis names the version it was made for.
create table identity.business_profile_versions (
  business_profile_id uuid not null references identity.business_profiles (id) on delete cascade,
  version integer not null check (version > 0),
  account_id uuid not null,
  context jsonb not null,
  created_at timestamptz not null default now(),
  primary key (business_profile_id, version)
);
create index business_profile_versions_of_account on identity.business_profile_versions (account_id);
insert into identity.business_profile_versions (business_profile_id, version, account_id, context, created_at)
select b.id, b.version, b.account_id, b.context, b.updated_at from identity.business_profiles b;
alter table identity.business_profile_versions enable row level security;
alter table identity.business_profile_versions force row level security;
create policy owner_all on identity.business_profile_versions to identity_owner using (true) with check (true);
create policy service_all on identity.business_profile_versions to gateway_service using (true) with check (true);
create policy members_read on identity.business_profile_versions for select to authenticated
  using (account_id in (select public.user_account_ids()));
grant select on identity.business_profile_versions to authenticated, gateway_service;

-- Members change what a profile says and put it away; whose it is, and its version, they never write.
create policy members_change on identity.business_profiles for update to authenticated
  using (account_id in (select public.user_account_ids()))
  with check (account_id in (select public.user_account_ids()));
grant update (name, context, deleted_at) on identity.business_profiles to authenticated;

-- True whoever writes: what a profile says changes with its version, and an account has a bounded number of profiles.
create function identity.keep_business_rules() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  most constant integer := 50;
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
  -- One more than before, new or restored: the account's row is locked, so that two at once don't both count the same. Who
  -- counts under a lock counts in a second statement, after it.
  perform 1 from identity.accounts a where a.id = new.account_id for no key update;
  if (select count(*) from identity.business_profiles b where b.account_id = new.account_id and b.deleted_at is null) >= most then
    raise exception 'too many business profiles' using errcode = 'OS409', detail = most::text;
  end if;
  return new;
end $$;
create trigger keep_business_rules before insert or update on identity.business_profiles
  for each row execute function identity.keep_business_rules();

create function identity.keep_business_version() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into identity.business_profile_versions (business_profile_id, version, account_id, context)
  values (new.id, new.version, new.account_id, new.context)
  on conflict do nothing;
  return null;
end $$;
create trigger keep_business_version after insert or update of context on identity.business_profiles
  for each row execute function identity.keep_business_version();

-- A business as analysis reads it: its newest version, or the one named; nothing when it isn't that account's or was put away.
create function identity.business_at(p_business_profile_id uuid, p_account_id uuid, p_version integer)
returns table (version integer, context jsonb)
language sql stable security definer set search_path = '' as $$
  select v.version, v.context
    from identity.business_profiles b
    join identity.business_profile_versions v
      on v.business_profile_id = b.id and v.version = coalesce(p_version, b.version)
   where b.id = p_business_profile_id and b.account_id = p_account_id and b.deleted_at is null
$$;
grant execute on function identity.business_at(uuid, uuid, integer) to analysis_service;

reset role;

-- migrate:down
