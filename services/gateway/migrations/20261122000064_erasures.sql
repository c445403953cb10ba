-- migrate:up
set local role identity_owner;

-- Profiles that nobody may have analysed any more, by digest: never by name. The key stays in this table, which no service reads:
-- the check has to stand in the very transaction that accepts a run. Leave it out of dumps that leave the house.
create table identity.suppression_keys (
  only_one boolean primary key default true check (only_one),
  inner_key bytea not null check (length(inner_key) = 64),
  outer_key bytea not null check (length(outer_key) = 64)
);
insert into identity.suppression_keys (inner_key, outer_key)
select decode(replace(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), '-', ''), 'hex'),
       decode(replace(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), '-', ''), 'hex');

create table identity.suppression (
  digest bytea primary key check (length(digest) = 32),
  suppressed_at timestamptz not null default now()
);

-- An erasure as work: due until every owner has nothing left of the profile, then watched for what was under way when it began. The
-- name is kept for that long, since owners find by it; then only the digest is.
create table identity.erasures (
  id uuid primary key,
  digest bytea not null unique references identity.suppression (digest),
  username text,
  -- What the runs of visitors keep in the name's place.
  visitors_hmac text,
  state text not null check (state in ('due', 'watched', 'done')),
  removed jsonb not null default '{}',
  due_at timestamptz,
  watch_until timestamptz not null,
  requested_at timestamptz not null default now(),
  check ((state = 'done') = (username is null)),
  check ((state = 'done') = (due_at is null))
);
create index erasures_due on identity.erasures (due_at) where due_at is not null;

do $$
declare
  name text;
begin
  foreach name in array array['suppression_keys', 'suppression', 'erasures'] loop
    execute format('alter table identity.%I enable row level security', name);
    execute format('alter table identity.%I force row level security', name);
    execute format('create policy owner_all on identity.%I to identity_owner using (true) with check (true)', name);
    execute format('revoke all on identity.%I from gateway_service', name);
  end loop;
  foreach name in array array['suppression', 'erasures'] loop
    execute format('create policy service_all on identity.%I to gateway_service using (true) with check (true)', name);
  end loop;
  create policy service_never on identity.suppression_keys to gateway_service using (false) with check (false);
end $$;
grant select, insert on identity.suppression to gateway_service;
grant select, insert, update on identity.erasures to gateway_service;

-- NMAC with SHA-256, which is HMAC with two keys of a block each: what plain SQL can compute.
create function identity.suppression_digest(p_username text) returns bytea
language sql stable security definer set search_path = '' as $$
  select pg_catalog.sha256(k.outer_key || pg_catalog.sha256(k.inner_key || pg_catalog.convert_to(p_username, 'UTF8')))
    from identity.suppression_keys k
$$;
create function identity.is_suppressed(p_username text) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from identity.suppression)
     and exists (select from identity.suppression s where s.digest = identity.suppression_digest(p_username))
$$;
-- What an owner erases. Its message carries the erasure's id alone.
create function identity.erasure_of(p_erasure_id uuid) returns table (username text, visitors_hmac text)
language sql stable security definer set search_path = '' as $$
  select e.username, e.visitors_hmac from identity.erasures e where e.id = p_erasure_id and e.username is not null
$$;
grant execute on function identity.suppression_digest(text) to gateway_service;
grant usage on schema identity to analysis_owner;
grant execute on function identity.is_suppressed(text) to gateway_service, analysis_service, analysis_owner;
grant execute on function identity.erasure_of(uuid) to analysis_service;

reset role;

-- migrate:down
