-- migrate:up
-- Erased profiles, and the names and ids that are rejected after that.
set local role identity_owner;

-- Profiles that must not be analysed are stored by digest, never by name. The key is in the database, since the check has to be
-- in the transaction that accepts a run. No service reads it. Exclude this table from dumps that leave the company.
create table identity.suppression_keys (
  is_singleton boolean primary key default true check (is_singleton),
  inner_key bytea not null check (length(inner_key) = 64),
  outer_key bytea not null check (length(outer_key) = 64)
);
alter table identity.suppression_keys enable row level security, force row level security;
create policy owner_all on identity.suppression_keys to identity_owner using (true) with check (true);
-- The policy names the service and allows nothing.
create policy service_never on identity.suppression_keys to gateway_service using (false) with check (false);
insert into identity.suppression_keys (inner_key, outer_key)
select decode(replace(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), '-', ''), 'hex'),
       decode(replace(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), '-', ''), 'hex');

create table identity.suppression (
  digest bytea primary key check (length(digest) = 32),
  suppressed_at timestamptz not null default now()
);
select platform.protect('identity.suppression', 'gateway_service', 'select, insert');

-- An erasure as work: due until every service has deleted the profile, then watched for work that was in progress when it
-- began. The name is stored until then, since services search by it; afterwards only the digest is.
create table identity.erasures (
  id uuid primary key,
  digest bytea not null unique references identity.suppression (digest),
  username text,
  -- What anonymous runs store instead of the name.
  username_hmac text,
  state text not null check (state in ('due', 'watched', 'done')),
  removed jsonb not null default '{}',
  due_at timestamptz,
  watch_until timestamptz not null,
  requested_at timestamptz not null default now(),
  check ((state = 'done') = (username is null)),
  check ((state = 'done') = (due_at is null))
);
create index erasures_due on identity.erasures (due_at) where due_at is not null;
select platform.protect('identity.erasures', 'gateway_service', 'select, insert, update');

-- NMAC with SHA-256, which is HMAC with two keys of a block each: what plain SQL can compute.
create function identity.suppression_digest(p_username text) returns bytea
language sql stable security definer set search_path = '' as $$
  select pg_catalog.sha256(k.outer_key || pg_catalog.sha256(k.inner_key || pg_catalog.convert_to(p_username, 'UTF8')))
    from identity.suppression_keys k
$$;
grant execute on function identity.suppression_digest to gateway_service;

create function identity.is_suppressed(p_username text) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from identity.suppression)
     and exists (select from identity.suppression s where s.digest = identity.suppression_digest(p_username))
$$;
grant execute on function identity.is_suppressed to analysis_owner, analysis_service, gateway_service;

-- What a service erases. The message has only the erasure's id.
create function identity.erasure_of(p_erasure_id uuid) returns table (username text, username_hmac text)
language sql stable security definer set search_path = '' as $$
  select e.username, e.username_hmac from identity.erasures e where e.id = p_erasure_id and e.username is not null
$$;
grant execute on function identity.erasure_of to analysis_service;

-- An erased profile may return under another name, so its Instagram ids are rejected too: digests next to those of names. No
-- username has a colon. Only for an erasure that is open.
create function identity.suppress_ids(p_erasure_id uuid, p_profile_ids text[]) returns void
language sql security definer set search_path = '' as $$
  insert into identity.suppression (digest)
  select identity.suppression_digest('id:' || one.id) from pg_catalog.unnest(p_profile_ids) as one (id)
   where exists (select from identity.erasures e where e.id = p_erasure_id and e.username is not null)
  on conflict do nothing
$$;
grant execute on function identity.suppress_ids to analysis_service;

reset role;

-- migrate:down
